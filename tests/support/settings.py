"""Values for the settings of the simulator."""

OTHERS = {
    "further_projects": '[{"name": "Finance", "objects": 3}]',
    "nodes": '["a", "b"]',
    "adding": "ignore",
    "uploads_per": "session",
    "address_dialect": "physicalAddress",
    "model_table_states": "completed",
    "model_done_status": "1",
    "delivery_api": "1",
}
"""Values other than the default, where the type says too little to make one up."""


def other_than(setting):
    """Assign a setting, as ``list_settings`` lists it, another value than its default."""
    plain = {"true": "false", "false": "true"}.get(setting.default) or (
        "other" if setting.type == "a text" else "7"
    )
    return f"{setting.name}={OTHERS.get(setting.name, plain)}"
