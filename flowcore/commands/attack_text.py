"""What the command ``attack`` found, for people."""

from typing import Any

__all__ = ["print_attack"]


def print_attack(answer: dict[str, Any]) -> None:
    """The figures of the attack, then of what was asked for beside it."""
    if "threat" in answer:
        print(f"{answer['model']}: {answer['threat']['method']}, {answer['seconds']:.1f} s")
        print(f"damage               {answer['damage']:8.3f} px   before rounding")
    print(f"damage, saved frames {answer['saved_damage']:8.3f} px   distance from the clean flow")
    if answer.get("threat", {}).get("target", "away") != "away":
        print(f"nearer to target by  {answer['saved_gain']:8.3f} px")
    if "epe" in answer:
        print(
            f"EPE                  {answer['epe']:8.3f} px   {answer['attacked_epe']:.3f} attacked"
        )
    if "spread" in answer:
        spread = answer["spread"]
        print(
            f"changed vectors      {spread['share']:8.2f} %    as far as {spread['reach']:.0f} px"
        )
    _print_others(answer)


def _print_others(answer: dict[str, Any]) -> None:
    """Other lanes, defences, further pairs, and the map."""
    for other in answer.get("transfer", ()):
        print(f"on {other['model']:24} {other['damage']:8.3f} px")
    for row in answer.get("defences", ()):
        print(
            f"defence {row['name']:10} unknowing {row['unknowing']['damage']:8.3f} px"
            f"   knowing {row['knowing']['damage']:8.3f} px   cost {row['cost']:.3f} px"
        )
    for number, other in enumerate(answer.get("also", ()), start=2):
        print(f"pair {number:<15} {other['saved_damage']:8.3f} px")
    if "matrix" in answer:
        matrix = answer["matrix"]
        print(f"made on (rows), measured on {', '.join(matrix['measured'])} (columns), px")
        for model, row in zip(matrix["models"], matrix["damage"], strict=True):
            print(f"{model:27}" + "".join(f"{damage:9.3f}" for damage in row))
    if "vulnerability" in answer:
        print(f"a spot in each cell of {answer['vulnerability']['cell']} px, damage in 0.001 px")
        for row in answer["vulnerability"]["damage"]:
            print("".join(f"{1000 * damage:7.1f}" for damage in row))
