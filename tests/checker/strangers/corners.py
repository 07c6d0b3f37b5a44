"""Geometry, matrices, order, counts and buffers: numpy's further corners."""

import numpy as np


def _a(*shape):
    return np.random.default_rng(sum(shape) * 13 + len(shape)).normal(size=shape)


def _spd(n):
    m = _a(n, n)
    return m @ m.T + n * np.eye(n)


# ── matrices ─────────────────────────────────────────────────────────────────────────────────
def ridge(X, y, lam):
    A = X.T @ X + lam * np.eye(X.shape[1])
    w = np.linalg.solve(A, X.T @ y)
    return w, (X, y, A, w)


def ridge_backward(dw, cache):
    X, y, A, w = cache
    u = np.linalg.solve(A.T, dw)
    dA = -np.outer(u, w)
    dX = X @ (dA + dA.T) + np.outer(y, u)
    dy = X @ u
    dlam = np.trace(dA)
    return dX, dy, dlam


def mahalanobis(x, mu, S):
    d = x - mu
    P = np.linalg.inv(S)
    q = np.einsum("ni,ij,nj->n", d, P, d)
    return q, (d, P)


def mahalanobis_backward(dq, cache):
    d, P = cache
    Pd = d @ (P + P.T)
    dd = dq[:, None] * Pd
    dP = np.einsum("n,ni,nj->ij", dq, d, d)
    dS = -P.T @ dP @ P.T
    return dd, -dd.sum(axis=0), dS


def logdet_loss(L):
    S = L @ L.T + np.eye(len(L))
    sign, logdet = np.linalg.slogdet(S)
    return 0.5 * logdet, (L, S)


def logdet_loss_backward(g, cache):
    L, S = cache
    Sinv = np.linalg.inv(S)
    dS = 0.5 * g * Sinv
    return 2 * dS @ L


def volume(A, b):
    d = np.linalg.det(A)
    n = np.linalg.norm(b)
    return d / n, (A, b, d, n)


def volume_backward(g, cache):
    A, b, d, n = cache
    dA = g / n * d * np.linalg.inv(A).T
    db = -g * d / n**3 * b
    return dA, db


# ── geometry ─────────────────────────────────────────────────────────────────────────────────
def rotate(q, v):
    """Rotation of points by a quaternion that is normalised first."""
    n = np.sqrt(np.sum(q * q))
    u = q / n
    w, r = u[0], u[1:]
    t = 2 * np.cross(r, v)
    return v + w * t + np.cross(r, t), (q, v, n, u, t)


def rotate_backward(dout, cache):
    q, v, n, u, t = cache
    w, r = u[0], u[1:]
    dv = dout.copy()
    dw = np.sum(dout * t)
    dt = w * dout + np.cross(dout, r)
    dr = np.cross(t, dout).sum(axis=0)
    dr += 2 * np.cross(v, dt).sum(axis=0)
    dv += 2 * np.cross(dt, r)
    du = np.concatenate(([dw], dr))
    dq = (du - u * (u @ du)) / n
    return dq, dv


def project(points, focal, centre):
    z = points[:, 2:]
    xy = points[:, :2] / z
    return focal * xy + centre, (points, focal, xy, z)


def project_backward(dout, cache):
    points, focal, xy, z = cache
    dxy = dout * focal
    dpoints = np.empty_like(points)
    dpoints[:, :2] = dxy / z
    dpoints[:, 2] = -np.sum(dxy * xy, axis=1) / z[:, 0]
    return dpoints, np.sum(dout * xy), dout.sum(axis=0)


def chamfer(p, q):
    d = ((p[:, None] - q[None]) ** 2).sum(-1)
    i, j = d.argmin(1), d.argmin(0)
    loss = d[np.arange(len(p)), i].mean() + d[j, np.arange(len(q))].mean()
    return loss, (p, q, i, j)


def chamfer_backward(dloss, cache):
    p, q, i, j = cache
    dp = 2 * (p - q[i]) / len(p)
    dq = np.zeros_like(q)
    np.add.at(dq, i, -2 * (p - q[i]) / len(p))
    back = 2 * (q - p[j]) / len(q)
    dq += back
    np.subtract.at(dp, j, back)
    return dloss * dp, dloss * dq


def signed_distance_march(origin, direction, radius, steps=4):
    """Sphere tracing: steps of the length of the distance."""
    t = np.zeros(len(direction))
    kept = []
    for _ in range(steps):
        p = origin + t[:, None] * direction
        n = np.linalg.norm(p, axis=1)
        kept.append((t, p, n))
        t = t + n - radius
    return t, (origin, direction, kept)


def signed_distance_march_backward(dt, cache):
    origin, direction, kept = cache
    do, dd, dr = np.zeros_like(origin), np.zeros_like(direction), 0.0
    for t, p, n in reversed(kept):
        dr -= dt.sum()
        dp = dt[:, None] * p / n[:, None]
        do += dp.sum(axis=0)
        dd += dp * t[:, None]
        dt = dt + np.sum(dp * direction, axis=1)
    return do, dd, dr


# ── order, counts, running sums ──────────────────────────────────────────────────────────────
def earth_mover(p, q):
    gap = np.cumsum(p - q, axis=-1)
    return (gap**2).mean(), gap


def earth_mover_backward(dloss, gap):
    dgap = 2 * gap * dloss / gap.size
    dp = np.flip(np.cumsum(np.flip(dgap, -1), axis=-1), -1)
    return dp, -dp


def survival(h):
    s = np.cumprod(1 - h, axis=1)
    return s, (h, s)


def survival_backward(ds, cache):
    h, s = cache
    tail = np.cumsum((ds * s)[:, ::-1], axis=1)[:, ::-1]
    return -tail / (1 - h)


def trimmed_mean(x, k=1):
    order = np.argsort(x, axis=1)
    ranked = np.take_along_axis(x, order, axis=1)
    return ranked[:, k:-k].mean(axis=1), (order, x.shape, k)


def trimmed_mean_backward(dout, cache):
    order, shape, k = cache
    ranked = np.zeros(shape)
    ranked[:, k:-k] = dout[:, None] / (shape[1] - 2 * k)
    dx = np.zeros(shape)
    np.put_along_axis(dx, order, ranked, axis=1)
    return dx


def top_k_gate(x, k=2):
    idx = np.argpartition(-x, k - 1, axis=1)[:, :k]
    top = np.take_along_axis(x, idx, axis=1)
    e = np.exp(top - top.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    out = np.zeros_like(x)
    np.put_along_axis(out, idx, p, axis=1)
    return out, (idx, p)


def top_k_gate_backward(dout, cache):
    idx, p = cache
    dp = np.take_along_axis(dout, idx, axis=1)
    dtop = p * (dp - (dp * p).sum(1, keepdims=True))
    dx = np.zeros_like(dout)
    np.put_along_axis(dx, idx, dtop, axis=1)
    return dx


def absolute_deviation(x):
    m = np.median(x)
    return np.mean(np.abs(x - m)), (x, m)


def absolute_deviation_backward(g, cache):
    x, m = cache
    s = np.sign(x - m)
    dx = g * s / len(x)
    dx[np.argsort(x)[len(x) // 2]] -= g * s.sum() / len(x)
    return dx


def segment_mean(x, groups, n_groups=3):
    counts = np.bincount(groups, minlength=n_groups)
    total = np.zeros((n_groups, x.shape[1]))
    np.add.at(total, groups, x)
    return total / counts[:, None], (groups, counts)


def segment_mean_backward(dout, cache):
    groups, counts = cache
    return (dout / counts[:, None])[groups]


def histogram_loss(w, bins, target):
    h = np.bincount(bins, weights=w, minlength=len(target))
    return np.sum((h - target) ** 2), (h - target, bins)


def histogram_loss_backward(g, cache):
    diff, bins = cache
    return 2 * g * diff[bins], -2 * g * diff


# ── images ───────────────────────────────────────────────────────────────────────────────────
def roi_pool(feat, rois, size=2):
    out = np.zeros((len(rois), feat.shape[0], size, size))
    where = {}
    for r, (x0, y0, x1, y1) in enumerate(rois):
        xs = np.linspace(x0, x1, size + 1).astype(int)
        ys = np.linspace(y0, y1, size + 1).astype(int)
        for i in range(size):
            for j in range(size):
                cell = feat[:, ys[i] : ys[i + 1], xs[j] : xs[j + 1]]
                flat = cell.reshape(feat.shape[0], -1)
                k = flat.argmax(axis=1)
                out[r, :, i, j] = flat[np.arange(len(k)), k]
                dy, dx = np.divmod(k, cell.shape[2])
                where[r, i, j] = ys[i] + dy, xs[j] + dx
    return out, (feat.shape, where)


def roi_pool_backward(dout, cache):
    shape, where = cache
    dfeat = np.zeros(shape)
    channels = np.arange(shape[0])
    for (r, i, j), (y, x) in where.items():
        dfeat[channels, y, x] += dout[r, :, i, j]
    return dfeat


def warp1d(x, shift):
    """Linear interpolation at shifted places, the ends repeated."""
    pos = np.clip(np.arange(len(x)) + shift, 0, len(x) - 1.001)
    lo = np.floor(pos).astype(int)
    f = pos - lo
    return (1 - f) * x[lo] + f * x[lo + 1], (x, shift, lo, f)


def warp1d_backward(dout, cache):
    x, shift, lo, f = cache
    dx = np.bincount(lo, dout * (1 - f), len(x))
    dx += np.bincount(lo + 1, dout * f, len(x))
    raw = np.arange(len(x)) + shift
    inside = (raw > 0) & (raw < len(x) - 1.001)
    dshift = dout * (x[lo + 1] - x[lo]) * inside
    return dx, dshift


def deconv1d(x, w, stride=2):
    B, C, T = x.shape
    C, O, K = w.shape
    out = np.zeros((B, O, (T - 1) * stride + K))
    for t in range(T):
        out[:, :, t * stride : t * stride + K] += np.tensordot(x[:, :, t], w, axes=(1, 0))
    return out, (x, w, stride)


def deconv1d_backward(dout, cache):
    x, w, stride = cache
    K = w.shape[-1]
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for t in range(x.shape[2]):
        window = dout[:, :, t * stride : t * stride + K]
        dx[:, :, t] = np.tensordot(window, w, axes=((1, 2), (1, 2)))
        dw += np.tensordot(x[:, :, t], window, axes=(0, 0))
    return dx, dw


# ── dynamics ─────────────────────────────────────────────────────────────────────────────────
def field(x, W):
    return np.tanh(x @ W)


def neural_ode(x, W, h=0.1, steps=4):
    path = [x]
    for _ in range(steps):
        mid = path[-1] + 0.5 * h * field(path[-1], W)
        path.append(path[-1] + h * field(mid, W))
    return path[-1], (path, W, h)


def neural_ode_backward(a, cache):
    path, W, h = cache
    dW = np.zeros_like(W)

    def pull(x, g):
        s = g * (1 - field(x, W) ** 2)
        return s @ W.T, x.T @ s

    for x in path[-2::-1]:
        mid = x + 0.5 * h * field(x, W)
        dmid, dW1 = pull(mid, h * a)
        dx, dW2 = pull(x, 0.5 * h * dmid)
        a = a + dmid + dx
        dW += dW1 + dW2
    return a, dW


def momentum_inside(w, X, y, lr=0.1, mu=0.9, rounds=3):
    """The loss after some steps of gradient descent with momentum."""
    v, n = np.zeros_like(w), len(y)
    for _ in range(rounds):
        g = X.T @ (X @ w - y) / n
        v = mu * v - lr * g
        w = w + v
    r = X @ w - y
    return 0.5 * r @ r / n, (X, r, lr, mu, rounds)


def momentum_inside_backward(g, cache):
    X, r, lr, mu, rounds = cache
    n = len(r)
    dw = g * X.T @ r / n
    dv = np.zeros_like(dw)
    for _ in range(rounds):
        dv = dv + dw
        dw = dw - lr * X.T @ (X @ dv) / n
        dv = mu * dv
    return dw


# ── out=, views, signs ───────────────────────────────────────────────────────────────────────
def buffered(x, w):
    out = np.empty((x.shape[0], w.shape[1]))
    np.dot(x, w, out=out)
    np.tanh(out, out=out)
    return out, (x, w, out)


def buffered_backward(dout, cache):
    x, w, out = cache
    buf = np.square(out)
    np.subtract(1, buf, out=buf)
    np.multiply(buf, dout, out=buf)
    return buf @ w.T, x.T @ buf


def split_view(x, w):
    """Two halves of one buffer that are written through views."""
    h = x @ w
    out = h.copy()
    left, right = out[:, : w.shape[1] // 2], out[:, w.shape[1] // 2 :]
    left *= right
    right += 1.0
    return out, (x, w, h)


def split_view_backward(dout, cache):
    x, w, h = cache
    k = w.shape[1] // 2
    dh = np.array(dout)
    dh[:, k:] += dout[:, :k] * h[:, :k]
    dh[:, :k] *= h[:, k:]
    return dh.dot(w.T), x.T.dot(dh)


def selu(x, lam=1.0507, alpha=1.6733):
    return lam * np.where(x > 0, x, alpha * (np.exp(np.minimum(x, 0)) - 1))


def selu_backward(dout, x, lam=1.0507, alpha=1.6733):
    return dout * lam * np.where(x > 0, 1.0, alpha * np.exp(np.minimum(x, 0)))


def nested_where(x):
    """A polynomial in three pieces."""
    return np.where(x < -1, -2 * x - 1, np.where(x > 1, x**2 * 0.5 + 0.5, x**2))


def nested_where_backward(dy, x):
    slope = np.where(x < -1, -2.0, np.where(x > 1, x, 2 * x))
    return dy * slope


def dice_and_iou(logits, t, smooth=1.0):
    p = 1 / (1 + np.exp(-logits))
    inter = np.sum(p * t, axis=(1, 2))
    total = np.sum(p, axis=(1, 2)) + np.sum(t, axis=(1, 2))
    dice = (2 * inter + smooth) / (total + smooth)
    iou = (inter + smooth) / (total - inter + smooth)
    return np.mean(2 - dice - iou), (p, t, inter, total, smooth)


def dice_and_iou_backward(g, cache):
    p, t, inter, total, s = cache
    n = len(p)
    union = total - inter + s
    dinter = -2 / (total + s) - (union + inter + s) / union**2
    dtotal = (2 * inter + s) / (total + s) ** 2 + (inter + s) / union**2
    dp = (dinter[:, None, None] * t + dtotal[:, None, None]) / n
    return g * dp * p * (1 - p)


def nt_xent(z, tau=0.5):
    n = len(z) // 2
    norm = np.linalg.norm(z, axis=1, keepdims=True)
    u = z / norm
    sim = u @ u.T / tau
    np.fill_diagonal(sim, -1e9)
    partner = np.concatenate([np.arange(n, 2 * n), np.arange(n)])
    e = np.exp(sim - sim.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    loss = -np.log(p[np.arange(2 * n), partner]).mean()
    return loss, (u, norm, p, partner, tau)


def nt_xent_backward(dloss, cache):
    u, norm, p, partner, tau = cache
    m = len(u)
    dsim = p.copy()
    dsim[np.arange(m), partner] -= 1
    dsim *= dloss / m
    du = (dsim + dsim.T) @ u / tau
    return (du - u * (du * u).sum(1, keepdims=True)) / norm


def vector_quantise(x, codebook, beta=0.25):
    d = (x**2).sum(1)[:, None] - 2 * x @ codebook.T + (codebook**2).sum(1)
    k = d.argmin(1)
    diff = x - codebook[k]
    return (1 + beta) * np.mean(diff**2), (diff, k, codebook.shape, beta)


def vector_quantise_backward(g, cache):
    diff, k, shape, beta = cache
    dx = 2 * (1 + beta) * g * diff / diff.size
    dcode = np.zeros(shape)
    np.add.at(dcode, k, -dx)
    return dx, dcode


_h = 1 / (1 + np.exp(-_a(3, 5)))

# fmt: off
PAIRS = {
    "ridge": (ridge, ridge_backward, (_a(6, 3), _a(6), np.array(0.7)), [
        ("dA = -np.outer(u, w)", "dA = np.outer(u, w)"),
        ("X @ (dA + dA.T)", "X @ dA"),
        ("np.linalg.solve(A.T, dw)", "np.linalg.solve(X.T @ X, dw)"),
        ("dlam = np.trace(dA)", "dlam = np.sum(dA)"),
    ]),
    "mahalanobis": (mahalanobis, mahalanobis_backward, (_a(4, 3), _a(3), _spd(3)), [
        ("Pd = d @ (P + P.T)", "Pd = d @ P"),
        ("-dd.sum(axis=0)", "dd.sum(axis=0)"),
        ("-P.T @ dP @ P.T", "-P.T @ dP"),
    ]),
    "logdet_loss": (logdet_loss, logdet_loss_backward, (_a(3, 3),), [
        ("return 2 * dS @ L", "return dS @ L"),
        ("0.5 * g * Sinv", "0.5 * g * S"),
        ("dS = 0.5 * g * Sinv", "dS = -0.5 * g * Sinv"),
    ]),
    "volume": (volume, volume_backward, (_spd(3) + _a(3, 3), _a(4)), [
        ("np.linalg.inv(A).T", "np.linalg.inv(A)"),
        ("/ n**3 * b", "/ n**2 * b"),
        ("g / n * d *", "g / n *"),
    ]),
    "rotate": (rotate, rotate_backward, (_a(4), _a(5, 3)), [
        ("dt = w * dout + np.cross(dout, r)", "dt = w * dout + np.cross(r, dout)"),
        ("dv += 2 * np.cross(dt, r)", "dv += np.cross(dt, r)"),
        ("(du - u * (u @ du)) / n", "du / n"),
        ("dr += 2 * np.cross(v, dt)", "dr = 2 * np.cross(v, dt)"),
    ]),
    "project": (project, project_backward, (_a(4, 3) + np.array([0, 0, 5.0]), np.array(1.5), _a(2)), [
        ("-np.sum(dxy * xy, axis=1) / z[:, 0]", "-np.sum(dxy * xy, axis=1)"),
        ("dpoints[:, :2] = dxy / z", "dpoints[:, :2] = dxy * z"),
        ("dxy = dout * focal", "dxy = dout"),
    ]),
    "chamfer": (chamfer, chamfer_backward, (_a(4, 2), _a(5, 2)), [
        ("np.subtract.at(dp, j, back)", "dp[j] -= back"),
        ("back = 2 * (q - p[j]) / len(q)", "back = 2 * (q - p[j]) / len(p)"),
        ("np.add.at(dq, i, -2 * (p - q[i]) / len(p))", "np.add.at(dq, i, 2 * (p - q[i]) / len(p))"),
    ]),
    "march": (signed_distance_march, signed_distance_march_backward, (np.array([0.3, 0.2, -4.0]), _a(4, 3) * .2 + np.array([0, 0, 1.0]), np.array(0.8)), [
        ("dt = dt + np.sum(dp * direction, axis=1)", "dt = np.sum(dp * direction, axis=1)"),
        ("dp = dt[:, None] * p / n[:, None]", "dp = dt[:, None] * p"),
        ("dr -= dt.sum()", "dr += dt.sum()"),
        ("dd += dp * t[:, None]", "dd += dp"),
    ]),
    "earth_mover": (earth_mover, earth_mover_backward, (_a(3, 5), _a(3, 5) + .1), [
        ("np.flip(np.cumsum(np.flip(dgap, -1), axis=-1), -1)", "np.cumsum(dgap, axis=-1)"),
        ("return dp, -dp", "return dp, dp"),
        ("/ gap.size", "/ len(gap)"),
    ]),
    "survival": (survival, survival_backward, (_h,), [
        ("-tail / (1 - h)", "-tail / h"),
        ("(ds * s)[:, ::-1]", "(ds * h)[:, ::-1]"),
        ("return -tail", "return tail"),
    ]),
    "trimmed_mean": (trimmed_mean, trimmed_mean_backward, (_a(3, 6),), [
        ("(shape[1] - 2 * k)", "shape[1]"),
        ("np.put_along_axis(dx, order, ranked, axis=1)", "dx = np.take_along_axis(ranked, order, axis=1)"),
        ("ranked[:, k:-k]", "ranked[:, k:]"),
    ]),
    "top_k_gate": (top_k_gate, top_k_gate_backward, (_a(3, 5),), [
        ("dp - (dp * p).sum(1, keepdims=True)", "dp - dp.sum(1, keepdims=True)"),
        ("dtop = p * (dp", "dtop = (dp"),
        ("(dp * p).sum(1, keepdims=True)", "(dp * p).sum()"),
    ]),
    "absolute_deviation": (absolute_deviation, absolute_deviation_backward, (_a(7) ** 3,), [
        ("/ len(x)\n    dx[", "/ len(x) ** 2\n    dx["),
        ("dx = g * s / len(x)", "dx = g * s"),
        ("np.sign(x - m)", "np.sign(x)"),
    ]),
    "segment_mean": (segment_mean, segment_mean_backward, (_a(6, 2), np.array([0, 2, 2, 1, 0, 2])), [
        ("(dout / counts[:, None])[groups]", "dout[groups]"),
        ("counts[:, None])[groups]", "len(groups))[groups]"),
        ("(dout / counts[:, None])", "(dout * counts[:, None])"),
    ]),
    "histogram_loss": (histogram_loss, histogram_loss_backward, (_a(6), np.array([0, 2, 2, 1, 0, 3]), _a(4)), [
        ("-2 * g * diff", "2 * g * diff"),
        ("2 * g * diff[bins]", "g * diff[bins]"),
        ("2 * g * diff[bins]", "2 * g * diff[np.sort(bins)]"),
    ]),
    "roi_pool": (roi_pool, roi_pool_backward, (_a(2, 6, 6), np.array([[0, 0, 4, 4], [2, 1, 6, 5]])), [
        ("+= dout[r, :, i, j]", "= dout[r, :, i, j]"),
        ("dfeat[channels, y, x]", "dfeat[channels, x, y]"),
        ("dout[r, :, i, j]", "dout[r, :, j, i]"),
    ]),
    "warp1d": (warp1d, warp1d_backward, (_a(6), 0.7 * _a(6)), [
        ("dout * (x[lo + 1] - x[lo])", "dout * (x[lo] - x[lo + 1])"),
        ("dx += np.bincount(lo + 1, dout * f, len(x))", "dx += np.bincount(lo, dout * f, len(x))"),
        ("* inside", "* 1"),
        ("dout * (1 - f)", "dout * f"),
    ]),
    "deconv1d": (deconv1d, deconv1d_backward, (_a(2, 3, 4), _a(3, 2, 3)), [
        ("dw += np.tensordot", "dw = np.tensordot"),
        ("window = dout[:, :, t * stride : t * stride + K]", "window = dout[:, :, t : t + K]"),
        ("dx[:, :, t] = np.tensordot", "dx[:, :, t] = 2 * np.tensordot"),
    ]),
    "neural_ode": (neural_ode, neural_ode_backward, (_a(3, 2), _a(2, 2)), [
        ("pull(x, 0.5 * h * dmid)", "pull(x, h * dmid)"),
        ("a = a + dmid + dx", "a = dmid + dx"),
        ("dW += dW1 + dW2", "dW += dW1"),
        ("(1 - field(x, W) ** 2)", "(1 - field(x, W))"),
    ]),
    "momentum_inside": (momentum_inside, momentum_inside_backward, (_a(3), _a(5, 3), _a(5)), [
        ("dv = mu * dv", "dv = dv"),
        ("dv = dv + dw", "dv = dw"),
        ("dw = dw - lr", "dw = dw + lr"),
        ("(X @ dv) / n", "(X @ dv)"),
    ]),
    "buffered": (buffered, buffered_backward, (_a(4, 3), _a(3, 2)), [
        ("np.subtract(1, buf, out=buf)", "np.add(1, buf, out=buf)"),
        ("x.T @ buf", "x.T @ dout"),
        ("buf = np.square(out)", "buf = np.abs(out)"),
    ]),
    "split_view": (split_view, split_view_backward, (_a(3, 2), _a(2, 4)), [
        ("dh[:, k:] += dout[:, :k] * h[:, :k]", "dh[:, k:] = dout[:, :k] * h[:, :k]"),
        ("dh[:, :k] *= h[:, k:]", "dh[:, :k] *= h[:, :k]"),
        ("k = w.shape[1] // 2", "k = w.shape[1] // 2 + 1"),
    ]),
    "selu": (selu, selu_backward, (_a(4, 3),), [
        ("alpha * np.exp(np.minimum(x, 0))", "np.exp(np.minimum(x, 0))"),
        ("x > 0, 1.0", "x > 0, 0.0"),
        ("dout * lam *", "dout *"),
    ]),
    "nested_where": (nested_where, nested_where_backward, (2 * _a(4, 3),), [
        ("x > 1, x, 2 * x", "x > 1, 2 * x, 2 * x"),
        ("x < -1, -2.0", "x < -1, 2.0"),
        ("x > 1", "x > 0"),
    ]),
    "dice_and_iou": (dice_and_iou, dice_and_iou_backward, (_a(3, 2, 4), (_a(3, 2, 4) > 0).astype(float)), [
        ("return g * dp * p * (1 - p)", "return g * dp * (1 - p)"),
        ("-2 / (total + s) -", "-1 / (total + s) -"),
        ("+ (inter + s) / union**2", "- (inter + s) / union**2"),
    ]),
    "nt_xent": (nt_xent, nt_xent_backward, (_a(6, 4),), [
        ("(dsim + dsim.T) @ u", "2 * dsim @ u"),
        ("(du * u).sum(1, keepdims=True)", "(du * u).sum(0, keepdims=True)"),
        ("dsim *= dloss / m", "dsim *= dloss"),
        ("@ u / tau", "@ u"),
    ]),
    "vector_quantise": (vector_quantise, vector_quantise_backward, (_a(5, 2), _a(3, 2)), [
        ("np.add.at(dcode, k, -dx)", "np.add.at(dcode, k, dx)"),
        ("np.add.at(dcode, k, -dx)", "dcode[k] -= dx"),
        ("(1 + beta) * g", "beta * g"),
    ]),
}
# fmt: on
