import numpy as np
import pytest

from models.tree import Leaf, Split, TreeError, Turn, outcome_trees, trees_of

HEAD = "tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nmax_feature_idx=2\n"
ONE_LEAF = "num_leaves=1\nnum_cat=0\nleaf_value=0.25\nis_linear=0\nshrinkage=1\n"


def two_leaves(decision: int, threshold: str = "0.5") -> str:
    return (
        f"num_leaves=2\nnum_cat=0\nsplit_feature=1\nthreshold={threshold}\n"
        f"decision_type={decision}\nleft_child=-1\nright_child=-2\nleaf_value=-1 2\nis_linear=0\n"
        "internal_count=4\nleaf_count=1 3\n"
    )


def text_of(*trees: str, head: str = HEAD) -> str:
    told = "\n".join(f"\nTree={number}\n{tree}\n" for number, tree in enumerate(trees))
    return f"{head}{told}\nend of trees\n\nfeature_importances:\nx=1\nleaf_value=9\n"


def split_of(text: str) -> Split:
    ((leaf, _),) = trees_of(text)
    (turn,) = leaf.way
    return turn.split


def test_a_leaf_knows_every_turn_on_its_way_and_how_many_took_it():
    tree = (
        "num_leaves=3\nnum_cat=0\nsplit_feature=2 0\nthreshold=0.5 -4\ndecision_type=2 2\n"
        "left_child=1 -1\nright_child=-2 -3\nleaf_value=1 2 3\nis_linear=0\n"
        "internal_count=10 4\nleaf_count=1 6 3\n"
    )
    root, below = Split(2, 0.5), Split(0, -4.0)

    (leaves,) = trees_of(text_of(tree))

    to_below = Turn(root, is_left=True, share=0.4)
    assert leaves == (
        Leaf(1.0, (to_below, Turn(below, is_left=True, share=0.25))),
        Leaf(2.0, (Turn(root, is_left=False, share=0.6),)),
        Leaf(3.0, (to_below, Turn(below, is_left=False, share=0.75))),
    )


def test_a_tree_that_found_nothing_to_split_is_one_leaf_without_a_turn():
    assert trees_of(text_of(ONE_LEAF, two_leaves(2)))[0] == (Leaf(0.25, ()),)


@pytest.mark.parametrize(
    ("decision", "missing", "is_default_left"),
    [
        (0, "none", False),
        (2, "none", False),  # nothing is missing, so there is no default
        (4, "zero", False),
        (6, "zero", True),
        (8, "nan", False),
        (10, "nan", True),
    ],
)
def test_what_is_missing_and_where_it_goes_stands_in_the_bits_of_the_decision(
    decision, missing, is_default_left
):
    assert split_of(text_of(two_leaves(decision))) == Split(1, 0.5, missing, is_default_left)


def test_the_codes_that_go_left_are_bits_of_words_of_32():
    tree = (
        "num_leaves=3\nnum_cat=2\nsplit_feature=0 1\nthreshold=0 1\ndecision_type=1 1\n"
        "left_child=1 -1\nright_child=-2 -3\nleaf_value=1 2 3\n"
        "cat_boundaries=0 1 3\ncat_threshold=5 2147483648 3\nis_linear=0\n"
        "internal_count=10 4\nleaf_count=1 6 3\n"
    )

    (leaves,) = trees_of(text_of(tree))

    codes = {turn.split.feature: turn.split.codes for leaf in leaves for turn in leaf.way}
    assert codes == {0: frozenset({0, 2}), 1: frozenset({31, 32, 33})}


@pytest.mark.parametrize(
    "threshold", [0.1, -0.1, 0.5, 1 / 3, 1e300, -1e300, 1.0000000180025095e-35]
)
def test_a_threshold_as_wide_as_the_features_parts_them_as_the_double_does(threshold):
    at_most = np.float32(split_of(text_of(two_leaves(2, repr(threshold)))).at_most)

    with np.errstate(over="ignore"):
        above = np.nextafter(at_most, np.float32(np.inf))

    assert float(at_most) <= threshold < float(above)


@pytest.mark.parametrize(
    "text",
    [
        text_of(two_leaves(2).replace("is_linear=0", "is_linear=1")),
        text_of(ONE_LEAF, head=HEAD.replace("iteration=1", "iteration=3")),
    ],
)
def test_trees_of_another_sort_are_refused(text):
    with pytest.raises(TreeError, match="expected"):
        trees_of(text)


def test_the_trees_of_one_round_stand_side_by_side_one_for_each_outcome():
    head = HEAD.replace("iteration=1", "iteration=2")
    text = text_of(ONE_LEAF, two_leaves(2), two_leaves(2), ONE_LEAF, head=head)

    first, second = outcome_trees(text)

    assert [len(tree) for tree in first] == [1, 2]
    assert [len(tree) for tree in second] == [2, 1]


def test_a_text_that_does_not_say_how_many_outcomes_it_has_is_refused():
    with pytest.raises(TreeError, match="found them of none"):
        outcome_trees(text_of(ONE_LEAF, head=HEAD.replace("num_tree_per_iteration", "other")))
