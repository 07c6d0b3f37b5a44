import numpy as np


def arguments(rng):
    return (
        rng.normal(size=(2, 3, 4, 4)),
        {"pool_height": 2, "pool_width": 2, "stride": 2},
    )


def max_pool(x, pool_param):
    HH, WW, S = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, H, W = x.shape
    Ho, Wo = (H - HH) // S + 1, (W - WW) // S + 1
    out = np.zeros((N, C, Ho, Wo))
    for i in range(Ho):
        for j in range(Wo):
            out[:, :, i, j] = np.max(x[:, :, i * S : i * S + HH, j * S : j * S + WW], axis=(2, 3))
    return out, (x, pool_param)


def average_pool(x, pool_param):
    N, C, H, W = x.shape
    tiles = x.reshape(N, C, H // 2, 2, W // 2, 2)
    out = tiles.mean(axis=(3, 5))
    return out, (x, tiles, out)


def global_average(x, pool_param):
    out = x.mean(axis=(2, 3))
    return out


def fast_max(x, pool_param):
    N, C, H, W = x.shape
    tiles = x.reshape(N, C, H // 2, 2, W // 2, 2)
    out = tiles.max(axis=3).max(axis=4)
    return out, (x, tiles, out)


def four_loops(dout, cache):
    x, pool_param = cache
    HH, WW, S = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    N, C, Ho, Wo = dout.shape
    dx = np.zeros_like(x)
    for n in range(N):
        for c in range(C):
            for i in range(Ho):
                for j in range(Wo):
                    window = x[n, c, i * S : i * S + HH, j * S : j * S + WW]
                    m = np.max(window)
                    upstream = dout[n, c, i, j]
                    dx[n, c, i * S : i * S + HH, j * S : j * S + WW] += (window == m) * upstream
    return dx


def argmax_loops(dout, cache):
    x, pool_param = cache
    HH, WW, S = pool_param["pool_height"], pool_param["pool_width"], pool_param["stride"]
    dx = np.zeros(x.shape)
    for n, c, i, j in np.ndindex(*dout.shape):
        window = x[n, c, i * S : i * S + HH, j * S : j * S + WW]
        r, k = np.unravel_index(np.argmax(window), window.shape)
        dx[n, c, i * S + r, j * S + k] += dout[n, c, i, j]
    return dx


def tiles_mask(dout, cache):
    x, tiles, out = cache
    dtiles = np.zeros_like(tiles)
    out_b = out[:, :, :, np.newaxis, :, np.newaxis]
    mask = tiles == out_b
    dout_b, _ = np.broadcast_arrays(dout[:, :, :, None, :, None], dtiles)
    dtiles[mask] = dout_b[mask]
    dtiles /= np.sum(mask, axis=(3, 5), keepdims=True)
    dx = dtiles.reshape(x.shape)
    return dx


def average_repeat(dout, cache):
    x, tiles, out = cache
    dx = np.repeat(np.repeat(dout, 2, axis=2), 2, axis=3) / 4
    return dx


def average_kron(dout, cache):
    return np.kron(dout, np.ones((2, 2))) / 4.0


def global_spread(dout, x, pool_param):
    N, C, H, W = x.shape
    area = H * W
    return np.ones((N, C, H, W)) * dout[:, :, None, None] / area


BACKWARDS = {
    four_loops: max_pool,
    argmax_loops: max_pool,
    tiles_mask: fast_max,
    average_repeat: average_pool,
    average_kron: average_pool,
    global_spread: global_average,
}

MISTAKES = [
    (four_loops, "(window == m) * upstream", "window * upstream", "dx", "value"),
    (four_loops, "(window == m) * upstream", "(window != m) * upstream", "dx", "mask"),
    (four_loops, "m = np.max(window)", "m = np.min(window)", "m", "mask"),
    (four_loops, "(window == m) * upstream", "m * upstream", "dx", "value"),
    (argmax_loops, "np.argmax(window)", "np.argmin(window)", "r", "mask"),
    (
        argmax_loops,
        "dx[n, c, i * S + r, j * S + k] += dout",
        "dx[n, c, i * S + k, j * S + r] += dout",
        "dx",
        "order",
    ),
    (tiles_mask, "mask = tiles == out_b", "mask = tiles != out_b", "mask", "mask"),
    (tiles_mask, "dtiles[mask] = dout_b[mask]", "dtiles[mask] = -dout_b[mask]", "dtiles", "sign"),
    (average_repeat, "/ 4", "/ 2", "dx", "factor"),
    (average_repeat, "/ 4", "", "dx", "factor"),
    (
        average_repeat,
        "np.repeat(np.repeat(dout, 2, axis=2), 2, axis=3)",
        "np.tile(dout, (1, 1, 2, 2))",
        "dx",
        None,
    ),
    (global_spread, "area = H * W", "area = H + W + 1", "area", "factor"),
    (global_spread, "area = H * W", "area = N * C", "area", "factor"),
]
