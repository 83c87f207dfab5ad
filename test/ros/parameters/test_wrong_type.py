"""A value of another type is told with what to write."""

import pytest

from lprnet_ros.ros.parameters.parameter import Parameter
from lprnet_ros.ros.parameters.wrong_type import wrong_type


@pytest.mark.parametrize(
    ("default", "value", "told"),
    [
        (30.0, 7, "p is 7, expected a number with a decimal point: write p:=7.0"),
        (30.0, "7 d", "p is '7 d', expected a number with a decimal point"),
        (5, 7.0, "p is 7.0, expected a whole number: write p:=7"),
        (5, 7.5, "p is 7.5, expected a whole number"),
        (5, True, "p is true, expected a whole number"),
        (5, float("inf"), "p is inf, expected a whole number"),
        (True, 1, "p is 1, expected true or false: write p:=true"),
        (True, "ja", "p is 'ja', expected true or false"),
        ("", 5, "p is 5, expected a text in quotes: write \"p:='5'\""),
        ("", False, "p is false, expected a text in quotes: write \"p:='false'\""),
        ("", ["a"], "p is ['a'], expected a text in quotes"),
        ([""], "/a", "p is '/a', expected a list of texts in brackets: write \"p:=['/a']\""),
        ([""], [1, 2], "p is [1, 2], expected a list of texts in brackets: write \"p:=['1', '2']\""),
        ([""], "$\n'", 'p is "$\\n\'", expected a list of texts in brackets'),
        (30.0, 7.0, None),
        ([""], ["/a"], None),
        ([""], ("/a",), None),
        ([""], None, None),
    ],
)
def test_the_sentence_says_what_to_write(default, value, told):
    assert wrong_type(Parameter("p", default, "", ""), value) == told
