"""Each line of `docs/odd-data.md` is a kind of data or answer, and a test."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "odd-data.md"

KINDS = {
    "an attribute of which the page shows some forms only": [
        "scan/test_forms.py::test_conditions_take_any_form",
        "scan/test_forms.py::test_all_forms_are_read_where_they_are_asked_for",
        "compat/test_mstrio.py::test_a_form_that_is_not_shown_is_chosen_by_its_id",
    ],
    "a server that ignores which forms were asked for": [
        "scan/test_forms.py::test_an_older_server_that_ignores_forms_is_found_out",
    ],
    "a metric called `Row Count - …`, or of a reserved type": [
        "objects/test_row_counts.py::test_a_users_own_metrics_are_read",
        "objects/test_row_counts.py::test_the_count_of_a_table_is_left_out_and_said",
    ],
    "a text cut inside a character": [
        "grid/test_value_rule.py::test_a_text_cut_inside_a_character_is_refused_or_read_but_for_the_half",
    ],
    "a value that does not fit its column, such as `0000-00-00`": [
        "scan/test_bad_values.py::test_a_bad_value_ends_the_read_and_the_error_names_both_ways_on",
        "scan/test_bad_values.py::test_every_way_out_tells_once_of_all_bad_values",
    ],
    "time stamps with an offset from UTC": [
        "grid/test_value_rule.py::test_a_value_is_what_the_rule_says",
        "grid/test_value_rule.py::test_moments_with_and_without_an_offset_in_a_column_are_refused",
        "scan/test_bad_values.py::test_pages_with_and_without_an_offset_are_not_one_column",
    ],
    "numbers as texts; NaN and infinities, bare or as texts": [
        "grid/test_value_rule.py::test_a_value_is_what_the_rule_says",
        "grid/test_value_rule.py::test_nan_and_infinity_may_stand_bare",
        "grid/test_value_rule.py::test_bare_nan_elsewhere_is_a_bad_value_and_no_gateways_fault",
    ],
    "elements with null, a number, or one text for several forms; without id or name": [
        "grid/test_value_rule.py::test_elements_are_read_in_every_variant_that_has_one_meaning",
        "grid/test_value_rule.py::test_elements_with_two_meanings_are_refused",
        "grid/test_value_rule.py::test_a_header_is_named_by_whatever_its_element_says",
    ],
    "an error in an answer with a status of success": [
        "http/test_disguised.py::test_an_error_is_told_whatever_the_status_of_the_success",
    ],
    "a result without rows in any shape, or as an error": [
        "reliability/test_empty_results.py::test_a_cube_without_rows_for_a_condition_has_the_types_of_one_with_some",
        "reliability/test_empty_results.py::test_a_run_that_fails_for_want_of_data_has_no_rows",
    ],
    "a server that counts rows which conditions leave out": [
        "reliability/test_empty_results.py::test_a_server_that_counts_what_conditions_leave_out_is_read_once_more_without_them",
    ],
    "members of an answer that are missing, of another kind, or a list in place of one": [
        "test_responses.py::test_what_is_needed_is_missed_by_name_and_all_else_may_be_missing",
        "test_responses.py::test_what_is_of_another_kind_is_read_or_is_an_error_of_ours",
    ],
    "answers that are nearly right in any way": [
        "fuzz/test_nearly_right_answers.py::test_a_call_with_answers_nearly_right_ends_as_it_may",
        "fuzz/test_nearly_right_pages.py::test_both_decoders_say_the_same_of_pages_nearly_right",
    ],
    "bodies that are packed or encoded in unusual ways": [
        "http/test_body.py::test_a_body_is_unpacked_however_it_is_packed",
        "http/test_body.py::test_a_document_is_read_in_every_unicode_encoding",
    ],
    "cookies with quotes and odd letters": [
        "http/test_cookies.py::test_what_came_goes_back_byte_for_byte",
    ],
    "more than 2 GiB of distinct text in a column": [
        "grid/test_texts.py::test_more_distinct_text_than_a_dictionary_holds_comes_in_several",
    ],
    "names with blanks, `://`, slashes, stars": [
        "catalog/test_names_as_given.py::test_it_is_found_as_given",
        "query/test_column_names.py::test_a_column_is_found_as_given",
    ],
    "an object of another kind than the call is for": [
        "catalog/test_names_as_given.py::test_an_object_of_another_kind_says_what_it_is_and_how_it_is_read",
    ],
    "a terminal that lacks letters; a reader that leaves": [
        "cli/test_streams.py::test_what_an_encoding_lacks_is_escaped",
        "cli/test_streams.py::test_json_is_ascii_whatever_the_encoding",
        "cli/test_streams.py::test_a_reader_who_leaves_ends_it_without_a_word",
    ],
    "paths from home, URLs of files, stores": [
        "test_paths.py::test_a_path_may_begin_at_home",
        "test_paths.py::test_a_store_is_refused_with_a_way_that_works",
    ],
    "Polars expressions as conditions": [
        "scan/test_polars_filters.py::test_rows_are_those_that_polars_keeps",
        "scan/test_polars_filters.py::test_what_sees_other_rows_is_left_to_lazy_frames",
    ],
    "more reads at once than the session has places": [
        "scan/test_working_set.py::test_a_read_that_waits_for_more_than_a_second_says_so",
    ],
    "any type of Arrow, Polars or pandas in an upload": [
        "upload/test_every_type.py::test_tables_without_rows_keep_their_columns",
        "objects/test_supercube.py::test_what_would_not_arrive_as_it_is_is_refused_before_anything_is_sent",
    ],
    "an upload of moments in an hour that occurs twice": [
        "objects/test_supercube.py::test_moments_that_become_one_time_are_counted_in_the_warning_and_the_result",
    ],
    "an upload of what this package has read": [
        "objects/test_copies.py::test_a_copy_equals_the_original",
    ],
    "an upload whose attributes do not tell rows apart": [
        "upload/test_merged_rows.py::test_without_verify_one_warning_counts_them",
        "upload/test_merged_rows.py::test_rows_that_would_be_added_up_are_refused_before_publishing",
    ],
    "an update of a table that has attributes only": [
        "objects/test_supercube.py::test_an_update_of_a_table_without_metrics_is_sent_and_warned_of",
    ],
}


def test_the_page_has_each_kind_once():
    lines = PAGE.read_text("utf-8").splitlines()
    assert [line.split(" | ")[0].removeprefix("| ") for line in lines if line.startswith("| ")][2:] == list(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_tested(kind):
    for name in KINDS[kind]:
        file, _, function = name.partition("::")
        assert re.search(rf"^def {function}\b", (TESTS / file).read_text("utf-8"), re.MULTILINE), name
