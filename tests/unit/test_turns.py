from vistazo.service.turns import Turns


def taken(turns: Turns[str]) -> list[str]:
    order = []
    while turns:
        order.append(turns.take())
    return order


def test_callers_are_served_in_turn_and_each_in_his_own_order() -> None:
    turns: Turns[str] = Turns()
    for waiting in ("a1", "a2", "a3", "b1", "c1", "b2"):
        turns.add(waiting[0], waiting)
    assert taken(turns) == ["a1", "b1", "c1", "a2", "b2", "a3"]


def test_who_comes_again_is_behind_those_who_wait() -> None:
    turns: Turns[str] = Turns()
    turns.add("a", "a1")
    turns.add("b", "b1")
    assert turns.take() == "a1"
    turns.add("a", "a2")
    assert taken(turns) == ["b1", "a2"]


def test_who_left_is_nobody_s_turn() -> None:
    turns: Turns[str] = Turns()
    for waiting in ("a1", "a2", "b1"):
        turns.add(waiting[0], waiting)
    turns.remove("a", "a1")
    turns.remove("b", "b1")
    turns.remove("b", "b1")
    assert taken(turns) == ["a2"]
