"""The adversarial game of `GAN`: one loss that moves both sides in every step."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

__all__ = ["Game"]

PENALISED = 4  # every fourth row pays the penalty: second derivatives cost most of a step


class Game(nn.Module):
    r"""A generator G against a critic D, by relativistic pairs with both gradient penalties.

    $$L_D = E\,f\big(D(G(z)) - D(x)\big)
        + \tfrac{\gamma}{2} E\big(\|\nabla D(x)\|^2 + \|\nabla D(G(z))\|^2\big), \qquad
    L_G = E\,f\big(D(x) - D(G(z))\big)$$

    with f(t) = log(1 + exp t). Their sum is one loss: the critic's part does not reach G, and G's
    part does not reach D, so one backward pass moves both.

    Parameters
    ----------
    generator
        Latents ``(n, *latent_shape)`` to data.
    critic
        Data ``(n, *data_shape)`` to scores ``(n, 1)``.
    penalty
        γ, the weight of the gradient penalties.

    References
    ----------
    Huang, Gokaslan, Kuleshov and Tompkin, *The GAN is dead; long live the GAN! A modern GAN
    baseline*, NeurIPS 2024, arXiv 2501.05441.
    """

    def __init__(self, generator: nn.Module, critic: nn.Module, penalty: float) -> None:
        super().__init__()
        self.generator, self.critic, self.penalty = generator, critic, penalty

    def forward(self, x: Tensor, z: Tensor) -> dict[str, Tensor]:
        """The losses of data ``(n, *data_shape)`` paired with latents ``(n, *latent_shape)``."""
        y = self.generator(z)
        both = torch.cat([x, y.detach()])
        real, generated = self.critic(both).float().chunk(2)
        some = both[::PENALISED].requires_grad_()
        (slopes,) = torch.autograd.grad(self.critic(some).sum(), some, create_graph=True)
        steepness = 2 * slopes.square().sum() / len(some)  # of data plus of what is generated
        still = {name: weight.detach() for name, weight in self.critic.named_parameters()}
        critic = F.softplus(generated - real).mean()
        generator = F.softplus(
            real.detach() - functional_call(self.critic, still, (y,)).float()
        ).mean()
        loss = critic + 0.5 * self.penalty * steepness + generator
        return {"loss": loss, "critic": critic, "generator": generator, "steepness": steepness}
