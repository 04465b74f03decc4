"""One read: what is asked for, page after page, checked, put in order, and begun again where an instance is gone."""
