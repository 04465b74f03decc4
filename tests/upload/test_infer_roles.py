"""What columns say of their roles and forms, by metadata and by names."""

import pyarrow as pa
import pytest

from mstr_arrow.errors import UsageError
from mstr_arrow.upload.infer_roles import infer_roles
from mstr_arrow.upload.model import TableRoles, build_model

ID_FORM = "45C11FA478E745FEA08D781CEA190FE5"
DOUBLE = pa.float64()
TEXT = pa.dictionary(pa.int32(), pa.string())


def shown(name, attribute, form="ID", dtype=TEXT, *, of=None, form_id=None):
    """Make the field of a form, as it is read."""
    metadata = {"mstr.role": "attribute", "mstr.id": of or attribute, "mstr.form_id": form_id or form}
    return pa.field(name, dtype, metadata=metadata | {"mstr.attribute": attribute, "mstr.form": form})


def number(name, dtype=DOUBLE, role="metric"):
    return pa.field(name, dtype, metadata={"mstr.role": role, "mstr.id": name, "mstr.data_type": "double"})


def model(*fields, attributes=(), metrics=(), forms=None, more=()):
    """Give the attributes with their forms, and the metrics, of a table with these fields."""
    tables = {"T": TableRoles(pa.schema(list(fields)), attributes, metrics)}
    if more:
        tables["U"] = TableRoles(pa.schema(list(more)))
    made = build_model(*infer_roles(tables, forms))
    found = {a.name: {form.category: form.expressions[0][1] for form in a.forms} for a in made.attributes}
    return found, [metric.name for metric in made.metrics]


STORE = (shown("Store@ID", "Store", "ID", pa.int64()), shown("Store@DESC", "Store", "DESC"))
PLAIN = (pa.field("Store@ID", pa.int64()), pa.field("Store@DESC", pa.string()))
FORMS = {"ID": "Store@ID", "DESC": "Store@DESC"}
REVENUE = number("Revenue")


@pytest.mark.parametrize("fields", [STORE, PLAIN], ids=["metadata", "names"])
@pytest.mark.parametrize("dtype", [pa.int64(), pa.decimal128(38, 18), pa.string(), pa.date32(), pa.float64()])
def test_forms_of_one_attribute_are_grouped_whatever_their_type(fields, dtype):
    key, *others = fields
    assert model(key.with_type(dtype), *others, REVENUE) == ({"Store": FORMS}, ["Revenue"])


def test_an_attribute_of_one_form_has_its_name_and_role():
    fields = (shown("Year", "Year", "ID", pa.int64()), shown("Customer@ID", "Customer", "ID", pa.int64()), REVENUE)
    assert model(*fields) == ({"Year": {"ID": "Year"}, "Customer": {"ID": "Customer@ID"}}, ["Revenue"])


def test_attributes_are_in_the_order_of_their_columns():
    found, _ = model(shown("Day", "Day"), *STORE, shown("Region", "Region"))
    assert list(found) == ["Day", "Store", "Region"]


@pytest.mark.parametrize(
    ("name", "attribute", "form", "becomes"),
    [
        ("Region", "Region", "DESC", {"Region": {"ID": "Region"}}),
        ("Customer@DESC", "Customer", "DESC", {"Customer": {"ID": "Customer@DESC"}}),
        ("Area", "Region", "DESC", {"Area": {"ID": "Area"}}),
        ("Group", "Group", "", {"Group": {"ID": "Group"}}),
    ],
)
def test_a_form_that_is_alone_becomes_the_id(name, attribute, form, becomes):
    assert model(shown(name, attribute, form)) == (becomes, [])


def test_without_an_id_the_description_becomes_it():
    fields = shown("C@Email", "C", "Email"), shown("C@DESC", "C", "DESC"), shown("C@Age", "C", "Age", pa.int64())
    assert model(*fields) == ({"C": {"ID": "C@DESC", "Email": "C@Email", "Age": "C@Age"}}, [])
    fields = shown("C@Email", "C", "Email"), shown("C@Age", "C", "Age", pa.int64())
    assert model(*fields) == ({"C": {"ID": "C@Email", "Age": "C@Age"}}, [])


def test_the_form_id_is_known_by_its_id_in_any_language():
    key = shown("Kunde@Nummer", "Kunde", "Nummer", pa.int64(), form_id=ID_FORM)
    assert model(key, shown("Kunde@Name", "Kunde", "Name")) == (
        {"Kunde": {"ID": "Kunde@Nummer", "Name": "Kunde@Name"}},
        [],
    )


@pytest.mark.parametrize("dtype", [TEXT, pa.string(), pa.date32(), pa.bool_(), pa.timestamp("us")])
def test_a_metric_that_is_no_number_is_an_attribute(dtype):
    assert model(number("Last", dtype), REVENUE) == ({"Last": {"ID": "Last"}}, ["Revenue"])


@pytest.mark.parametrize("role", ["subtotal", "metric name"])
def test_names_of_subtotals_and_of_metrics_are_attributes(role):
    assert model(number("Subtotal Of", TEXT, role), REVENUE) == (
        {"Subtotal Of": {"ID": "Subtotal Of"}},
        ["Revenue"],
    )


def test_what_the_caller_says_goes_first_column_by_column():
    year = shown("Year", "Year", "ID", pa.int64())
    assert model(*STORE, year, REVENUE, metrics=["Year"], attributes=["Revenue"]) == (
        {"Store": FORMS, "Revenue": {"ID": "Revenue"}},
        ["Year"],
    )
    assert model(*STORE, attributes=["Store@ID"]) == ({"Store": FORMS}, [])
    assert model(*STORE, metrics=["Store@ID"]) == ({"Store": {"ID": "Store@DESC"}}, ["Store@ID"])
    assert model(*STORE, year, forms={"Shop": {"ID": "Store@DESC"}}) == (
        {"Store": {"ID": "Store@ID"}, "Shop": {"ID": "Store@DESC"}, "Year": {"ID": "Year"}},
        [],
    )
    assert model(*STORE, year, forms={"Store": {"ID": "Year"}}) == (
        {"Store@ID": {"ID": "Store@ID"}, "Store": {"ID": "Year", "DESC": "Store@DESC"}},
        [],
    )


def test_attributes_of_one_name_stay_apart():
    twice = (
        *(shown(f"Region@{form}", "Region", form, of="R1") for form in ("ID", "DESC")),
        *(shown(f"Region@{form} (2)", "Region", form, of="R2") for form in ("ID", "DESC")),
    )
    expected = {
        "Region": {"ID": "Region@ID", "DESC": "Region@DESC"},
        "Region (2)": {"ID": "Region@ID (2)", "DESC": "Region@DESC (2)"},
    }
    assert model(*twice) == (expected, [])
    assert model(*(field.remove_metadata() for field in twice)) == (expected, [])


def test_a_form_that_is_there_twice_is_an_attribute_of_its_own():
    levels = shown("Unit", "Unit", "DESC", of="U"), shown("Unit (2)", "Unit", "DESC", of="U")
    assert model(*levels) == ({"Unit": {"ID": "Unit"}, "Unit (2)": {"ID": "Unit (2)"}}, [])


@pytest.mark.parametrize("dtype", [pa.string(), pa.int64()])
@pytest.mark.parametrize("fields", [STORE, PLAIN], ids=["metadata", "names"])
def test_beside_a_column_of_the_attributes_name_each_form_is_an_attribute(fields, dtype):
    found, metrics = model(*fields, pa.field("Store", dtype))
    assert found["Store@ID"] == {"ID": "Store@ID"}
    assert found["Store@DESC"] == {"ID": "Store@DESC"}
    assert ("Store" in found, metrics) == ((True, []) if dtype == pa.string() else (False, ["Store"]))


@pytest.mark.parametrize(
    ("names", "becomes"),
    [
        (["A@ID"], ({"A": {"ID": "A@ID"}}, [])),
        (["A@id"], ({"A": {"ID": "A@id"}}, [])),
        (["A@DESC"], ({"A": {"ID": "A@DESC"}}, [])),
        (["A@ID", "A@Age"], ({"A": {"ID": "A@ID", "Age": "A@Age"}}, [])),
        (["price@close"], ({}, ["price@close"])),
        (["ann@example.com"], ({}, ["ann@example.com"])),
        (["@ID", "A@"], ({}, ["@ID", "A@"])),
        (["a@b@ID"], ({"a@b": {"ID": "a@b@ID"}}, [])),
    ],
)
def test_names_alone_speak_of_forms_only_beside_id_or_desc(names, becomes):
    assert model(*(pa.field(name, pa.int64()) for name in names)) == becomes


def test_forms_reach_over_tables():
    day = shown("Day", "Day", dtype=pa.date32())
    assert model(STORE[0], day, REVENUE, more=STORE) == ({"Store": FORMS, "Day": {"ID": "Day"}}, ["Revenue"])
    assert model(STORE[0], day, REVENUE, more=PLAIN) == ({"Store": FORMS, "Day": {"ID": "Day"}}, ["Revenue"])


def test_a_table_with_a_form_and_without_its_id_is_refused():
    with pytest.raises(
        UsageError, match=r"'T' has the form DESC of 'Store', its column 'Store@DESC', and not the form"
    ):
        model(STORE[1], REVENUE, more=STORE)
