"""Names: companies and people who do not exist, put together from parts."""

from typing import Final

import numpy as np

STEMS: Final = (
    "Alder", "Amber", "Arden", "Ash", "Bay", "Birch", "Blue", "Bram", "Bright", "Brook",
    "Cedar", "Clay", "Cliff", "Cobalt", "Copper", "Coral", "Crest", "Dale", "Delta", "Dune",
    "Elm", "Ember", "Fern", "Field", "Flint", "Ford", "Frost", "Gale", "Glen", "Grain",
    "Granite", "Green", "Harbor", "Haven", "Hazel", "Heath", "Helm", "Heron", "High", "Holm",
    "Iron", "Ivy", "Juniper", "Kestrel", "Lake", "Larch", "Lark", "Linden", "Loft", "Low",
    "Maple", "Marsh", "Meadow", "Mill", "Moor", "Moss", "North", "Oak", "Orchard", "Osprey",
    "Pine", "Quarry", "Raven", "Reed", "Ridge", "River", "Rowan", "Sage", "Salt", "Sand",
    "Silver", "Slate", "South", "Spruce", "Stone", "Storm", "Summit", "Swift", "Thorn", "Tide",
    "Timber", "Vale", "Walnut", "West", "Wharf", "White", "Wild", "Willow", "Winter", "Wood",
)  # fmt: skip
ENDINGS: Final = (
    "bridge", "brook", "by", "crest", "dale", "fall", "field", "ford", "gate", "grove",
    "ham", "haven", "hill", "hurst", "land", "ley", "light", "mark", "mere", "mont",
    "more", "point", "port", "ridge", "shore", "side", "stead", "ton", "view", "ward",
    "water", "way", "well", "wick", "worth", "wright",
)  # fmt: skip
TRADES: Final = (
    ("Works", "Metals", "Tools", "Industries", "Machines", "Components", "Casting", "Plastics"),
    ("Systems", "Software", "Labs", "Digital", "Data", "Cloud", "Technologies", "Networks"),
    ("Stores", "Retail", "Market", "Trading", "Outfitters", "Home", "Supply", "Goods"),
    ("Logistics", "Freight", "Shipping", "Lines", "Transport", "Cargo", "Express", "Storage"),
    ("Health", "Care", "Clinics", "Medical", "Diagnostics", "Therapeutics", "Dental", "Pharma"),
    ("Capital", "Bank", "Finance", "Insurance", "Advisors", "Leasing", "Partners", "Trust"),
    ("Energy", "Power", "Solar", "Grid", "Utilities", "Wind", "Heat", "Renewables"),
    ("Learning", "Academy", "College", "Schools", "Education", "Press", "Institute", "Training"),
)
"""By industry, in the order of `accounts.INDUSTRIES`."""
GIVEN: Final = (
    "Ada", "Amir", "Anja", "Ben", "Bianca", "Carl", "Chiara", "Clara", "Daan", "Elena",
    "Emil", "Farah", "Finn", "Greta", "Hana", "Hugo", "Ines", "Ivan", "Jana", "Jonas",
    "Karin", "Kofi", "Lea", "Leo", "Lina", "Luca", "Mara", "Milan", "Mira", "Nadia",
    "Nils", "Nora", "Olga", "Oscar", "Paula", "Piotr", "Quinn", "Rosa", "Samir", "Sara",
    "Sven", "Tara", "Theo", "Tomas", "Uma", "Vera", "Viktor", "Wanda", "Yara", "Zoe",
)  # fmt: skip
FAMILY: Final = (
    "Abbott", "Almeida", "Baran", "Bauer", "Berger", "Bianchi", "Castell", "Conrad", "Dahl",
    "Dekker", "Duarte", "Eklund", "Falk", "Ferrante", "Fischer", "Garnier", "Grant", "Haas",
    "Hansen", "Hale", "Ibarra", "Iversen", "Jansen", "Keller", "Kowal", "Lang", "Larsen",
    "Lemaire", "Lind", "Marek", "Mercer", "Moreau", "Nagy", "Novak", "Okafor", "Olsen",
    "Park", "Pereira", "Quist", "Rahman", "Reyes", "Ricci", "Sato", "Schmid", "Silva",
    "Sorel", "Tanaka", "Ulrich", "Varga", "Weiss",
)  # fmt: skip


def company_names(rng: np.random.Generator, industry: np.ndarray) -> list[str]:
    """One name per account, all different; the trade in it fits the industry."""
    taken: set[str] = set()
    names = []
    for trade in industry:
        name = _company(rng, int(trade))
        for _ in range(20):
            if name not in taken:
                break
            name = _company(rng, int(trade))
        if name in taken:
            # The parts make some 260,000 names; very large worlds number what is left.
            name = f"{name} {len(taken)}"
        taken.add(name)
        names.append(name)
    return names


def person_names(rng: np.random.Generator, count: int) -> list[str]:
    """`count` different names of people; beyond 2,500 they are numbered."""
    pairs = rng.permutation(len(GIVEN) * len(FAMILY))
    names = []
    for place in range(count):
        pair = int(pairs[place % len(pairs)])
        again = place // len(pairs)
        name = f"{GIVEN[pair % len(GIVEN)]} {FAMILY[pair // len(GIVEN)]}"
        names.append(f"{name} {again + 1}" if again else name)
    return names


def _company(rng: np.random.Generator, industry: int) -> str:
    stem = STEMS[rng.integers(len(STEMS))]
    ending = ENDINGS[rng.integers(len(ENDINGS))]
    if stem.lower() == ending:
        ending = "ton"
    trade = TRADES[industry][rng.integers(len(TRADES[industry]))]
    return f"{stem}{ending} {trade}"
