"""Words are a sequence of strings, whatever is in them."""

from hypothesis import given
from hypothesis import strategies as st

from splitbrain.checkers.history.words import Words

strings = st.lists(st.text(st.characters(exclude_categories=())))


@given(strings)
def test_words_are_the_strings_they_were_made_of(given_strings):
    words = Words.of(given_strings)
    assert list(words) == given_strings
    assert words[:] == given_strings
    assert len(words) == len(given_strings)


@given(strings, st.text(st.characters(exclude_categories=())))
def test_a_word_is_found_where_it_is_first(given_strings, other):
    words = Words.of(given_strings)
    for word in (*given_strings, other):
        at = given_strings.index(word) if word in given_strings else None
        assert words.number_of(word) == at
