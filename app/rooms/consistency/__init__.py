"""Shows how the denoising trajectories of a run shrink to points while a consistency function is trained."""
