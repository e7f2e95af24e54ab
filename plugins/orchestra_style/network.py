"""The feature network: a small convolutional classifier of genre that listens to linear-power mel spectrograms."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from orchestra_core.errors import ParameterError
from orchestra_style.mel import BANDS

#: The genres of Emotify, in the order of the outputs.
GENRES = ("classical", "electronic", "pop", "rock")
#: Blocks, channels of each, and how many of the last ones pool with stride 1.
BLOCKS, CHANNELS, DENSE_POOLS = 8, 32, 2
#: Names of what the blocks give: after ReLU (``conv``), and after max pooling (``pool``).
LAYERS = tuple(f"{kind}{number}" for number in range(1, BLOCKS + 1) for kind in ("conv", "pool"))

_QUIETEST = 1e-12


class StyleNetwork(nn.Module):
    """BN, 8 x [Conv 32 (2x2), ReLU, MaxPool 2], BN, Dropout 0.3, Dense 64, softmax over genres.

    The last two poolings have stride 1. Convolutions are not padded: 384 bands and 430 frames (5 s) come out of the
    eighth block as one place with 32 channels. Of longer spectrograms the mean over places is taken. A
    map narrower than a kernel (below 383 frames, 4.5 s, in the last blocks) is widened by repeating its last frame, so
    that any number of frames can be heard.

    Power is scaled by the mean power of the clip, so that gain changes nothing; the first normalisation has
    statistics for each band, so that the low bands, which hold a thousand times the power of the high ones, do not
    drown them. Both are linear in power: no logarithm, no root.

    Parameters
    ----------
    classes : sequence of str
        Names of what the outputs mean, in order.
    """

    def __init__(self, classes: Sequence[str] = GENRES) -> None:
        super().__init__()
        if len(classes) < 2 or len(set(classes)) != len(classes):
            raise ParameterError(f"Classes are {', '.join(classes)}; expected at least two, each named once.")
        self.classes = tuple(classes)
        # Its statistics are set once (`set_band_scale`): batches of power, whose peaks reach thousands of
        # times its mean, would shake them. eps is below the variance of the quietest band.
        self.input_norm = nn.BatchNorm1d(BANDS, eps=1e-12).requires_grad_(False)
        channels = (1, *[CHANNELS] * BLOCKS)
        self.convolutions = nn.ModuleList(nn.Conv2d(channels[i], channels[i + 1], 2) for i in range(BLOCKS))
        self.norm = nn.BatchNorm1d(CHANNELS)
        self.dropout = nn.Dropout(0.3)
        self.dense = nn.Linear(CHANNELS, 64)
        self.head = nn.Linear(64, len(classes))
        for name, parameter in self.convolutions.named_parameters():
            if name.endswith("weight"):  # He: torch's own start loses the signal over eight layers
                nn.init.kaiming_normal_(parameter, nonlinearity="relu")
            else:
                nn.init.zeros_(parameter)

    def train(self, mode: bool = True) -> StyleNetwork:
        """Set training or evaluation mode; the normalisation of the input stays as it is."""
        super().train(mode)
        self.input_norm.eval()
        return self

    def set_band_scale(self, mean: Tensor, sd: Tensor) -> None:
        """Set what the normalisation of the input takes off each band and divides it by, shape (384,) each.

        Bands that never vary, as the empty ones, are left as they are.
        """
        statistics = {"running_mean": mean, "running_var": torch.where(sd > 0, sd, 1.0).square()}
        self.input_norm.load_state_dict({**self.input_norm.state_dict(), **statistics})

    def forward(self, mel: Tensor) -> Tensor:
        """Return logits, shape (n, classes), of linear-power mel spectrograms, shape (n, 384, frames).

        The softmax over them gives the shares of the genres; `probabilities` takes it.
        """
        # Two clips at a time: their maps stay in the cache, which takes half the time of a whole batch at once.
        means = torch.cat([self._means(pair) for pair in torch.split(self.prepared(mel), 2)])
        hidden = self.dropout(self.norm(means))
        logits: Tensor = self.head(torch.relu(self.dense(hidden)))
        return logits

    def probabilities(self, mel: Tensor) -> Tensor:
        """Return the share of each genre, shape (n, classes), summing to 1."""
        logits: Tensor = self(mel)
        return logits.softmax(dim=1)

    def prepared(self, mel: Tensor, level: Tensor | None = None) -> Tensor:
        """Return what the first convolution hears.

        Parameters
        ----------
        mel : Tensor [shape=(n, 384, frames)]
            Linear power.
        level : Tensor [shape=(n,)], optional
            Mean power to scale by; the clip's own mean by default.

        Returns
        -------
        Tensor [shape=(n, 1, 384, frames)]
            Scaled and normalised by band.
        """
        level = level_of(mel) if level is None else level
        scaled: Tensor = self.input_norm(mel / level.clamp_min(_QUIETEST)[:, None, None])
        return scaled[:, None]

    def activations(
        self, mel: Tensor, layers: Sequence[str] = ("conv1", "conv2", "conv3", "conv4"), level: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Return what the named layers give; deeper ones are not computed.

        Parameters
        ----------
        mel : Tensor [shape=(n, 384, frames)]
            Linear power; any number of frames from 1.
        layers : sequence of str
            Of `LAYERS`: ``conv1`` .. ``conv8`` (after ReLU) and ``pool1`` .. ``pool8`` (after max pooling).
        level : Tensor [shape=(n,)], optional
            Mean power to scale by; the clip's own mean by default. With a given level the features hear gain.

        Returns
        -------
        dict of str to Tensor [shape=(n, 32, height, width)]
            In the order of the network.

        Raises
        ------
        ParameterError
            There is no such layer, or none is asked for.
        """
        wanted = _checked(layers)
        found = {name: maps for name, maps in self._walk(self.prepared(mel, level), wanted) if name in wanted}
        return {name: found[name] for name in LAYERS if name in wanted}

    def _means(self, maps: Tensor) -> Tensor:
        for number in range(1, BLOCKS + 1):
            # ReLU and max pooling commute; after pooling there is a quarter to do.
            maps = torch.relu(_pooled(self._convolved(maps, number), number))
        # In double precision the network stays in it; from bfloat16 the head goes back to single precision.
        return maps.to(self.head.weight.dtype).mean(dim=(2, 3))

    def _walk(self, maps: Tensor, wanted: frozenset[str]) -> Iterator[tuple[str, Tensor]]:
        deepest = max(LAYERS.index(name) for name in wanted)
        for number in range(1, BLOCKS + 1):
            maps = self._convolved(maps, number)
            if f"conv{number}" in wanted:
                maps = torch.relu(maps)
                yield f"conv{number}", maps
            if LAYERS.index(f"conv{number}") >= deepest:
                return
            # ReLU and max pooling commute; after pooling there is a quarter to do, and a ReLU done twice changes nothing.
            maps = torch.relu(_pooled(maps, number))
            yield f"pool{number}", maps
            if LAYERS.index(f"pool{number}") >= deepest:
                return

    def _convolved(self, maps: Tensor, number: int) -> Tensor:
        convolved: Tensor = self.convolutions[number - 1](_wide_enough(maps))
        return convolved


def frozen(network: StyleNetwork) -> StyleNetwork:
    """Return the network for transfer: evaluation mode, no gradients of weights, memory laid out for speed."""
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return network.eval().requires_grad_(False)


def random_network(seed: int, scale_of: StyleNetwork | None = None) -> StyleNetwork:
    """Return a frozen network with random untrained filters: a strong baseline for textures.

    Filters are Gaussian with the variance that keeps the size of activations (He), without bias.

    Parameters
    ----------
    seed : int
        Of the filters; they depend on nothing else.
    scale_of : StyleNetwork, optional
        A network whose normalisation of the input is taken over; else there is none.

    References
    ----------
    .. [1] D. Ulyanov, V. Lebedev (2016): Audio texture synthesis and style transfer.
    .. [2] I. Ustyuzhaninov, W. Brendel, L. Gatys, M. Bethge (2016): Texture synthesis using shallow convolutional
       networks with random filters. arXiv:1606.00021.
    """
    generator = torch.Generator().manual_seed(seed)
    network = StyleNetwork()
    with torch.no_grad():
        for parameter in (*network.dense.parameters(), *network.head.parameters()):
            parameter.zero_()
        for name, weight in network.convolutions.named_parameters():
            if name.endswith("weight"):
                weight.copy_(torch.randn(weight.shape, generator=generator) * (2.0 / weight[0].numel()) ** 0.5)
    if scale_of is not None:
        network.input_norm.load_state_dict(scale_of.input_norm.state_dict())
    return frozen(network)


def level_of(mel: Tensor) -> Tensor:
    """Return the mean power of spectrograms, shape (n,), over bands and frames; spectrograms (n, bands, frames)."""
    return mel.mean(dim=(1, 2))


def _pooled(maps: Tensor, number: int) -> Tensor:
    stride = 1 if number > BLOCKS - DENSE_POOLS else 2
    return functional.max_pool2d(_wide_enough(maps), 2, stride)


def _wide_enough(maps: Tensor) -> Tensor:
    missing = (max(0, 2 - maps.shape[3]), max(0, 2 - maps.shape[2]))
    return functional.pad(maps, (0, missing[0], 0, missing[1]), mode="replicate") if any(missing) else maps


def _checked(layers: Sequence[str]) -> frozenset[str]:
    unknown = [name for name in layers if name not in LAYERS]
    if unknown or not layers:
        found = f"Layers are {', '.join(layers) or 'none'}"
        raise ParameterError(f"{found}; expected some of conv1 .. conv{BLOCKS} and pool1 .. pool{BLOCKS}.")
    return frozenset(layers)
