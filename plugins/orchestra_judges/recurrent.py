"""Gated recurrent networks as plain arrays, read by a few lines of numpy; several are averaged."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np


@dataclass(frozen=True, eq=False)
class RecurrentEnsemble:
    """Networks of one form: a gated recurrent unit over frames, the mean of its states, and a linear output.

    Gates are in PyTorch's order: reset, update, new.

    Parameters
    ----------
    mean, scale : np.ndarray [shape=(inputs,), dtype=float32]
        Frames are standardised by these, and then limited to three either side.
    input_weights : np.ndarray [shape=(networks, 3 * units, inputs), dtype=float16]
        From the frame to the gates.
    state_weights : np.ndarray [shape=(networks, 3 * units, units), dtype=float16]
        From the last state to the gates.
    input_bias, state_bias : np.ndarray [shape=(networks, 3 * units), dtype=float16]
        Of the gates.
    output_weights : np.ndarray [shape=(networks, outputs, units), dtype=float16]
        From the mean state to the outputs.
    output_bias : np.ndarray [shape=(networks, outputs), dtype=float32]
        Of the outputs.

    References
    ----------
    .. [1] K. Cho et al. (2014): Learning phrase representations using RNN encoder-decoder for statistical machine
       translation. EMNLP.
    """

    mean: np.ndarray
    scale: np.ndarray
    input_weights: np.ndarray
    state_weights: np.ndarray
    input_bias: np.ndarray
    state_bias: np.ndarray
    output_weights: np.ndarray
    output_bias: np.ndarray

    def predict(self, frames: np.ndarray) -> np.ndarray:
        """Return the mean output of the networks, shape (n, outputs), of frames, shape (n, times, inputs)."""
        return np.asarray(np.mean([self._output(state, index) for index, state in enumerate(self._states(frames))], axis=0))

    def states(self, frames: np.ndarray) -> np.ndarray:
        """Return the mean states that the outputs are read from, shape (n, networks * units), of frames (n, times, inputs)."""
        return np.concatenate(self._states(frames), axis=1)

    def _states(self, frames: np.ndarray) -> list[np.ndarray]:
        heard = np.clip((frames - self.mean) / self.scale, -LIMIT, LIMIT)
        return [self._state(heard, index) for index in range(len(self.output_bias))]

    def _state(self, frames: np.ndarray, index: int) -> np.ndarray:
        inputs = frames @ _double(self.input_weights[index]).T + _double(self.input_bias[index])
        weights, bias = _double(self.state_weights[index]).T, _double(self.state_bias[index])
        state = np.zeros((len(frames), weights.shape[0]))
        total = np.zeros_like(state)
        for time in range(frames.shape[1]):
            state = _step(inputs[:, time], state @ weights + bias, state)
            total += state
        return np.asarray(total / frames.shape[1])

    def _output(self, state: np.ndarray, index: int) -> np.ndarray:
        return np.asarray(state @ _double(self.output_weights[index]).T + _double(self.output_bias[index]))


#: Names of the arrays, as they are stored.
ARRAYS = tuple(field.name for field in fields(RecurrentEnsemble))
#: Standard deviations beyond which an input says no more.
LIMIT = 3.0


def _step(inputs: np.ndarray, recurrent: np.ndarray, state: np.ndarray) -> np.ndarray:
    from_frame, from_state = (np.split(part, 3, axis=1) for part in (inputs, recurrent))
    reset, update = (_sigmoid(from_frame[gate] + from_state[gate]) for gate in (0, 1))
    new = np.tanh(from_frame[2] + reset * from_state[2])
    return np.asarray((1 - update) * new + update * state)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)))


def _double(array: np.ndarray) -> np.ndarray:
    return np.asarray(array, dtype=np.float64)
