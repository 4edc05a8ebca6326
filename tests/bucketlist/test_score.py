"""What `score` refuses before it looks for a model."""

from pathlib import Path

import pytest

from bucketlist.cli import main


@pytest.mark.parametrize("command", ["score", "train"])
def test_a_crm_of_which_too_much_was_set_aside_is_refused_with_exit_code_3(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    (tmp_path / "crm").mkdir()
    (tmp_path / "crm" / "accounts.csv").write_text("account_id\nA1\n")
    rows = [f"I{number},A1,2026-01-05,ten" for number in range(30)]
    text = "\n".join(["invoice_id,account_id,issued_at,amount", "I99,A1,2026-01-05,10", *rows])
    (tmp_path / "crm" / "invoices.csv").write_text(text + "\n")

    with pytest.raises(SystemExit) as ended:
        main(["--home", str(tmp_path / "home"), command, "--crm", f"files:{tmp_path / 'crm'}"])

    assert ended.value.code == 3
    assert "invoices" in capsys.readouterr().err
