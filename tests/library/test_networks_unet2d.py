"""UNet2DModel against NumPy float64, and against diffusers itself where it is installed."""

from __future__ import annotations

import warnings
from dataclasses import asdict, replace

import numpy as np
import numpy_layers as ours
import pytest
import torch

from geomodel.networks.configs import UNet2DConfig
from geomodel.networks.unet2d import UNet2D

SIZE, CLASSES = 8, 3
TIME = np.array([0.0, 12.5, 999.0])
ROWS = [2, 0, 1]
X = np.random.default_rng(5).normal(size=(3, 3, SIZE, SIZE)).astype(np.float32)
FIR = (1, 3, 3, 1)
PLAIN = UNet2DConfig(
    down_block_types=("DownBlock2D", "AttnDownBlock2D"),
    up_block_types=("AttnUpBlock2D", "UpBlock2D"),
    block_out_channels=(8, 16),
    layers_per_block=1,
    norm_num_groups=4,
)
RESNET = replace(
    PLAIN,
    down_block_types=("ResnetDownsampleBlock2D", "AttnDownBlock2D"),
    up_block_types=("AttnUpBlock2D", "ResnetUpsampleBlock2D"),
    resnet_time_scale_shift="scale_shift",
)
CONFIGS = {
    "plain": PLAIN,
    "google/ddpm": replace(
        PLAIN, downsample_padding=0, freq_shift=1, flip_sin_to_cos=False, attention_head_dim=None, norm_eps=1e-6
    ),
    "resnet": RESNET,
    "norm in the middle": replace(RESNET, attn_norm_num_groups=2, mid_block_scale_factor=1.5, layers_per_block=2),
    "attention at both": replace(
        PLAIN,
        down_block_types=("AttnDownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "AttnUpBlock2D"),
        downsample_type="resnet",
        upsample_type="resnet",
    ),
    "no attention": replace(
        PLAIN, down_block_types=("DownBlock2D",) * 2, up_block_types=("UpBlock2D",) * 2, add_attention=False
    ),
    "NCSN++": replace(
        PLAIN,
        down_block_types=("SkipDownBlock2D", "AttnSkipDownBlock2D", "SkipDownBlock2D"),
        up_block_types=("SkipUpBlock2D", "AttnSkipUpBlock2D", "SkipUpBlock2D"),
        block_out_channels=(32, 32, 64),
        layers_per_block=2,
        time_embedding_type="fourier",
        center_input_sample=True,
        attention_head_dim=None,
        mid_block_scale_factor=2**0.5,
        norm_num_groups=8,
        downsample_padding=1,
    ),
}


class Definition:
    """The forward pass by its definition, one method a layer."""

    def __init__(self, weights, config):
        self.weights, self.config = weights, config

    def sub(self, name):
        return ours.part(self.weights, name)

    def norm(self, name, x, groups):
        return ours.group_norm(self.sub(name), x, groups, self.config.norm_eps)

    def resnet(self, name, x, groups=None, divisor=1.0, resample=lambda x: x):
        first, second = groups or (self.config.norm_num_groups,) * 2
        h = ours.conv(self.sub(f"{name}.conv1"), resample(ours.silu(self.norm(f"{name}.norm1", x, first))))
        rows = ours.linear(self.sub(f"{name}.time_emb_proj"), ours.silu(self.embedding))[:, :, None, None]
        if self.config.resnet_time_scale_shift == "scale_shift":
            scale, shift = np.split(rows, 2, axis=1)
            h = self.norm(f"{name}.norm2", h, second) * (1 + scale) + shift
        else:
            h = self.norm(f"{name}.norm2", h + rows, second)
        h = ours.conv(self.sub(f"{name}.conv2"), ours.silu(h))
        x, shortcut = resample(x), self.sub(f"{name}.conv_shortcut")
        return ((ours.conv(shortcut, x) if shortcut else x) + h) / divisor

    def attention(self, name, x, groups, divisor=1.0):
        size = self.config.attention_head_dim or x.shape[1]
        tokens = ours.tokens_of(x if groups is None else self.norm(f"{name}.group_norm", x, groups))
        q, k, v = (ours.linear(self.sub(f"{name}.to_{part}"), tokens) for part in "qkv")
        heads = [slice(size * head, size * (head + 1)) for head in range(x.shape[1] // size)]
        mixed = np.concatenate([ours.attend(q[..., head], k[..., head], v[..., head]) for head in heads], -1)
        return (ours.image_of(ours.linear(self.sub(f"{name}.to_out.0"), mixed), x) + x) / divisor

    def embed(self, time, rows):
        config, width = self.config, self.config.block_out_channels[0]
        if config.time_embedding_type == "fourier":
            angles = 2 * np.pi * np.log(time)[:, None] * self.weights["time_proj.weight"]
            waves = [np.sin(angles), np.cos(angles)]
        else:
            waves = list(ours.positions(time, width, width // 2 - config.freq_shift))
            waves = waves[::-1] if config.flip_sin_to_cos else waves
        self.embedding = ours.linear(self.sub("time_embedding.linear_1"), np.hstack(waves))
        self.embedding = ours.linear(self.sub("time_embedding.linear_2"), ours.silu(self.embedding))
        if rows is not None:
            self.embedding = self.embedding + self.weights["class_embedding.weight"][rows]

    def __call__(self, x, time, rows):
        config, last = self.config, len(self.config.block_out_channels) - 1
        self.embed(time, rows)
        x = 2 * x - 1 if config.center_input_sample else x
        picture, x = x, ours.conv(self.sub("conv_in"), x)
        skips = [x]
        for i, kind in enumerate(config.down_block_types):
            x, picture = self.down(f"down_blocks.{i}", kind, x, picture, skips, i == last)
        divisor, groups = config.mid_block_scale_factor, config.attn_norm_num_groups
        if groups is None and config.resnet_time_scale_shift == "default":
            groups = config.norm_num_groups
        x = self.resnet("mid_block.resnets.0", x, divisor=divisor)
        if config.add_attention:
            x = self.attention("mid_block.attentions.0", x, groups, divisor)
        x = self.resnet("mid_block.resnets.1", x, divisor=divisor)
        grown = None
        for i, kind in enumerate(config.up_block_types):
            x, grown = self.up(f"up_blocks.{i}", kind, x, grown, skips, i == last)
        x = ours.conv(self.sub("conv_out"), ours.silu(self.norm("conv_norm_out", x, config.norm_num_groups)))
        return x if grown is None else x + grown

    def down(self, name, kind, x, picture, skips, last):
        config, skipping = self.config, "Skip" in kind
        wide = len(self.weights[f"{name}.resnets.0.conv1.bias"])
        for index in range(config.layers_per_block):
            groups = (min(x.shape[1] // 4, 32), min(wide // 4, 32)) if skipping else None
            x = self.resnet(f"{name}.resnets.{index}", x, groups, np.sqrt(2) if skipping else 1)
            if kind.startswith("Attn"):
                groups, divisor = (32, np.sqrt(2)) if skipping else (config.norm_num_groups, 1)
                x = self.attention(f"{name}.attentions.{index}", x, groups, divisor)
            skips.append(x)
        if last:
            return x, picture
        if skipping:
            groups = (min(wide // 4, 32),) * 2
            x = self.resnet(f"{name}.resnet_down", x, groups, np.sqrt(2), lambda x: ours.filtered_half(x, FIR))
            picture = ours.filtered_half(picture, FIR)
            x = x + ours.conv(self.sub(f"{name}.skip_conv"), picture)
        elif f"{name}.downsamplers.0.conv1.weight" in self.weights:
            x = self.resnet(f"{name}.downsamplers.0", x, resample=ours.halved)
        elif config.downsample_padding == 0:
            padded = np.pad(x, [(0, 0), (0, 0), (0, 1), (0, 1)])
            x = ours.conv(self.sub(f"{name}.downsamplers.0.conv"), padded, stride=2, padding=0)
        else:
            x = ours.conv(self.sub(f"{name}.downsamplers.0.conv"), x, stride=2)
        skips.append(x)
        return x, picture

    def up(self, name, kind, x, grown, skips, last):
        config, skipping, attends = self.config, "Skip" in kind, kind.startswith("Attn")
        wide = len(self.weights[f"{name}.resnets.0.conv1.bias"])
        for index in range(config.layers_per_block + 1):
            skip, groups = skips.pop(), None
            if skipping:
                here, beside = x.shape[1], skip.shape[1]
                share = here + beside // 4 if attends else (here + beside) // 4
                groups = (min(share, 32), min(wide // 4, 32))
            x = np.concatenate([x, skip], axis=1)
            x = self.resnet(f"{name}.resnets.{index}", x, groups, np.sqrt(2) if skipping else 1)
            if attends and not skipping:
                x = self.attention(f"{name}.attentions.{index}", x, config.norm_num_groups)
        if attends and skipping:
            x = self.attention(f"{name}.attentions.0", x, 32, np.sqrt(2))
        grown = ours.filtered_double(grown, FIR) if skipping and grown is not None else grown
        if last:
            return x, grown
        if skipping:
            groups = min(wide // 4, 32)
            picture = ours.silu(self.norm(f"{name}.skip_norm", x, groups))
            picture = ours.conv(self.sub(f"{name}.skip_conv"), picture)
            grown = picture if grown is None else grown + picture
            x = self.resnet(
                f"{name}.resnet_up", x, (groups, groups), np.sqrt(2), lambda x: ours.filtered_double(x, FIR)
            )
        elif f"{name}.upsamplers.0.conv1.weight" in self.weights:
            x = self.resnet(f"{name}.upsamplers.0", x, resample=ours.doubled)
        else:
            x = ours.conv(self.sub(f"{name}.upsamplers.0.conv"), ours.doubled(x))
        return x, grown


@pytest.mark.parametrize("labels", [False, True], ids=["unconditional", "labels"])
@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS.keys())
def test_unet2d(config, labels):
    network = ours.randomised(UNet2D(config, (3, SIZE, SIZE), CLASSES if labels else 0))
    stored = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    weights, rows = ours.arrays(network), ROWS if labels else None
    time = np.array([0.05, 1.0, 30.0]) if config.time_embedding_type == "fourier" else TIME
    network.fold()
    given = torch.as_tensor(X), torch.as_tensor(time).float(), torch.tensor(ROWS) if labels else None
    with torch.no_grad():
        found = network(*given).numpy()
    expected = Definition(weights, config)(X.astype(np.float64), time, rows)
    scale = np.abs(expected).max()
    assert scale > 0.5
    # Sums of some hundred float32 products; angles of 999 are off by 3e-5, and those of a Fourier embedding by 1e-6.
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=5e-5 * scale)
    theirs = by_diffusers(config, labels, stored, given)
    if config.time_embedding_type == "fourier":
        theirs = theirs * time[:, None, None, None]  # they divide by σ
    np.testing.assert_allclose(found, theirs, rtol=2e-5, atol=5e-5 * scale)


def by_diffusers(config, labels, stored, given):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        diffusers = pytest.importorskip("diffusers", exc_type=ImportError)
        model = diffusers.UNet2DModel(
            sample_size=SIZE, in_channels=3, num_class_embeds=CLASSES if labels else None, **asdict(config)
        ).eval()
    model.load_state_dict(stored)
    with torch.no_grad():
        return model(*given).sample.numpy()


@pytest.mark.parametrize(
    ("change", "fragment"),
    [
        ({"up_block_types": ("UpBlock2D",)}, "different numbers of down blocks, up blocks and widths"),
        ({"block_out_channels": (8, 10)}, "width 10 does not divide into 4 groups"),
        ({"attention_head_dim": 9}, "width 8 is below one head of 9"),
    ],
)
def test_sizes_that_do_not_fit(change, fragment):
    with pytest.raises(ValueError, match=fragment):
        replace(PLAIN, **change)
