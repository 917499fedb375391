"""The drift room: particles that mean shift pulls towards the data and pushes away from each other."""
