"""What is asked of an object, divided between the server and us. All but the look-up of elements is pure."""
