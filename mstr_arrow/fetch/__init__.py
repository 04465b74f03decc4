"""One read: page after page asked for, checked, put in order, and begun again where an instance is gone."""
