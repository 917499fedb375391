"""The names that other programs give these solvers, and what they call steps. Text for the help pages."""

from __future__ import annotations

ELSEWHERE: dict[str, str] = {
    "euler": "DDIM (η = 0), DPM-Solver-1 and DPM-Solver++ 1 are this rule; k-diffusion “euler”",
    "heun": "EDM sampler without churn; k-diffusion “heun”",
    "rk2": "EDM ablation sampler (α = 1 Heun, ½ midpoint, ⅔ Ralston)",
    "dpm2": "diff-sampler and k-diffusion “dpm_2”; diffusers KDPM2",
    "dpm3": "DPM-Solver singlestep 3; a step of k-diffusion “dpm_fast”",
    "bs3": "Bogacki–Shampine without step control",
    "rk4": "the classical Runge–Kutta rule",
    "ipndm": "diff-sampler “ipndm”; diffusers IPNDM is this rule on its own levels",
    "ab": "k-diffusion “lms”, azula zAB, ρAB-DEIS; what diff-sampler’s “ipndm_v” was meant to be",
    "deis_tab": "diff-sampler “deis, tab” with exact coefficients",
    "deis_log": "diffusers DEIS, azula zEAB; order 2 is the multistep DPM-Solver in Taylor form",
    "exp_x0": "azula xEAB; order 2 is k-diffusion’s 2M-SDE “heun” with η = 0",
    "dpmpp_2s": "k-diffusion “dpmpp_2s”, and “dpmpp_sde” with η = 0",
    "dpmpp_2m": "k-diffusion “dpmpp_2m”; diffusers DPMSolverMultistep, order 2, midpoint",
    "dpmpp_3m": "no public code: the published rule with its second derivative doubled, which makes it third order",
    "dpmpp_3m_published": "DPM-Solver++ 3M as all codes have it; second order",
    "dpm_2m": "DPM-Solver multistep 2 (“dpmsolver”, ε form)",
    "unipc": "UniPC of its authors and of diffusers; bh1 and bh2 differ much at few steps",
    "rk45": "Dormand–Prince 5(4), as scipy’s RK45, in log σ",
    "dop853": "Dormand–Prince 8(5, 3), as scipy’s DOP853, in log σ",
    "euler_maruyama": "Itô sampler; diffusers ScoreSdeVe is another first-order rule (1 − r² for 2 (1 − r), r = σ′/σ)",
    "churn": "EDM stochastic sampler (Algorithm 2); k-diffusion “heun” with s_churn",
    "euler_ancestral": "k-diffusion “euler_ancestral”; DDPM for η = 1; DDIM with the same η",
    "ddim_eta": "DDIM with η, as in its paper and in diffusers; the same rule as “euler_ancestral”",
    "dpmpp_2m_sde": "k-diffusion “dpmpp_2m_sde” (midpoint); diffusers sde-dpmsolver++",
    "dpmpp_3m_sde": "k-diffusion “dpmpp_3m_sde”",
}
STEPS_ELSEWHERE: tuple[tuple[str, str], ...] = (
    ("here", "intervals: pairs of noise levels; the jump to 0, where it is asked for, is one of them"),
    ("EDM, k-diffusion", "positive levels; with the appended 0 as many intervals (Heun: 2n − 1 evaluations)"),
    ("diff-sampler, GITS, AMED", "levels: n − 1 intervals, ending at σ min"),
    ("DPM-Solver, singlestep", "evaluations"),
    ("DPM-Solver multistep, UniPC, azula", "intervals"),
    ("diffusers", "passes of the loop: Heun and KDPM2 take 2n − 1 calls"),
)
