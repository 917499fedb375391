"""Shows how many steps convergence theory asks for, beside what the steps give where the answer is known."""
