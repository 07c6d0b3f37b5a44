r"""Rows that are false by a hair, and beside each the row, or the prose, with which it is right.

Every entry: the prose, the false row, the true row; a fourth part is the prose of the true one.
"""
# ruff: noqa: E501  # one row a line

N = r"Let $a, b, c, x, y \in \mathbb{R}$."
NZ = r"设 $a, b, c, x, y \in \mathbb{R}$。"
POS = r"Let $a, b, c, x, y \in \mathbb{R}$ with $a, b, c, x, y > 0$."
POSZ = r"设 $a, b, c, x, y > 0$。"
MAT = r"Let $A, B, C \in \mathbb{R}^{n \times n}$, $x, y, b \in \mathbb{R}^n$, $\lambda \in \mathbb{R}$."
MATZ = r"设 $A, B, C \in \mathbb{R}^{n \times n}$，$x, y, b \in \mathbb{R}^n$，$\lambda \in \mathbb{R}$。"
SYM = r"Let $A, B \in \mathbb{R}^{n \times n}$ with $A = A^\top$ and $x \in \mathbb{R}^n$."
INV = r"Let $A, B, C \in \mathbb{R}^{n \times n}$ be invertible, $x, y, b \in \mathbb{R}^n$."
VEC = r"Let $u, v, w \in \mathbb{R}^n$, $t \in \mathbb{R}$."
VECZ = r"设 $u, v, w \in \mathbb{R}^n$，$t \in \mathbb{R}$。"
SUM = r"Let $x, y \in \mathbb{R}^n$, $a \in \mathbb{R}^m$, $M \in \mathbb{R}^{n \times m}$."
SUMZ = r"设 $x, y \in \mathbb{R}^n$，$a \in \mathbb{R}^m$，$M \in \mathbb{R}^{n \times m}$。"
CHANCE = r"Let $X, Y$ be random variables, $a, b \in \mathbb{R}$."
CHANCEZ = r"设 $X, Y$ 为随机变量，$a, b \in \mathbb{R}$。"
INDEP = r"Let $X, Y$ be independent random variables, $a, b \in \mathbb{R}$."
CURVE = r"Let $f, g : \mathbb{R} \to \mathbb{R}$, $x, h, t \in \mathbb{R}$."
CURVEZ = r"设 $f, g : \mathbb{R} \to \mathbb{R}$，$x, h, t \in \mathbb{R}$。"
DIST = (
    r"Let $p, q \in \mathbb{R}^n$ with $p_i > 0$, $q_i > 0$, $\sum_i p_i = 1$ and $\sum_i q_i = 1$."
)
SOFT = r"Let $z \in \mathbb{R}^C$ and $p_i = \frac{e^{z_i}}{\sum_k e^{z_k}}$."
SOFTZ = r"设 $z \in \mathbb{R}^C$，$p_i = \frac{e^{z_i}}{\sum_k e^{z_k}}$。"
LEAST = (
    r"Let $X \in \mathbb{R}^{n \times p}$, $y \in \mathbb{R}^n$, $w \in \mathbb{R}^p$, $\mu > 0$, "
    r"$J(w) = \|X w - y\|^2$."
)
PATH = r"Let $x, t \in \mathbb{R}$, $u = t^2$, $L = u t$."

PAIRS = [
    # cancelling, dividing, roots
    (N, r"a x = b \iff x = b / a", r"a x = b \iff x = b / a", N + r" Assume $a \ne 0$."),
    (N, r"a x = a y \implies x = y", r"a x = a y \implies x = y", N + r" Let $a \neq 0$."),
    (N, r"a x = a y \iff x = y", r"x = y \implies a x = a y"),
    (NZ, r"x y = 0 \implies x = 0", r"x = 0 \implies x y = 0"),
    (NZ, r"x^2 = x \implies x = 1", r"x^2 = x \implies x (x - 1) = 0"),
    (N, r"x^2 = y^2 \implies x = y", r"x = y \implies x^2 = y^2"),
    (N, r"x^2 = y^2 \iff x = y", r"x^2 = y^2 \iff |x| = |y|"),
    (POS, r"x^2 = y^2 \implies x = 2 y", r"x^2 = y^2 \implies x = y"),
    (N, r"|x| = |y| \implies x = y", r"|x| = |y| \implies x^2 = y^2"),
    (N, r"\sqrt{x^2} = x", r"\sqrt{x^2} = |x|"),
    (NZ, r"\sqrt{(x - y)^2} = x - y", r"\sqrt{(x - y)^2} = |x - y|"),
    (N, r"\sqrt{x^2 + y^2} = x + y", r"\sqrt{x^2 + y^2}^2 = x^2 + y^2"),
    (N, r"\sqrt{x^2 y^2} = x y", r"\sqrt{x^2 y^2} = |x| |y|"),
    (POS, r"\sqrt{x^2 y} = x y", r"\sqrt{x^2 y} = x \sqrt{y}"),
    (POSZ, r"\sqrt{x + y} = \sqrt{x} + \sqrt{y}", r"\sqrt{x y} = \sqrt{x} \sqrt{y}"),
    (N, r"(x^2)^{1/2} = x", r"(x^2)^{1/2} = |x|"),
    (N, r"\frac{x^2 - y^2}{x - y} = x - y", r"\frac{x^2 - y^2}{x - y} = x + y"),
    (N, r"\frac{a}{b + c} = \frac{a}{b} + \frac{a}{c}", r"\frac{b + c}{a} = \frac{b}{a} + \frac{c}{a}"),
    (N, r"x = a \iff x^2 = a^2", r"x = a \implies x^2 = a^2"),
    (N, r"x (y - 1) = 0 \iff y = 1", r"y = 1 \implies x (y - 1) = 0"),
    (N, r"a b = a c \implies b = c", r"b = c \implies a b = a c"),
    (N, r"(a - b) x = c \implies x = \frac{c}{a - b}", r"x = \frac{c}{a - b} \implies (a - b) x = c"),
    (MAT, r"A x = b \iff x = A^{-1} b", r"A x = b \iff x = A^{-1} b", INV),
    (MATZ, r"A x = b \implies x = A^{-1} b", r"A x = b \implies x = A^{-1} b", MATZ + r" 设 $A$ 可逆。"),
    (NZ, r"a x^2 = b x \implies a x = b", r"a x = b \implies a x^2 = b x"),
    (N, r"a x + b = 0 \iff x = -b / a", r"x + b = 0 \iff x = -b"),
    (N, r"x^3 = y^3 \implies x = -y", r"x^3 = y^3 \implies x = y"),
    (N, r"x^4 = 16 \implies x = 2", r"x = 2 \implies x^4 = 16"),
    (N, r"x^2 = a^2 \implies x = a", r"x^2 = a^2 \implies x = a", POS),
    (N, r"\frac{x}{a} = \frac{y}{a} \implies x = -y", r"\frac{x}{a} = \frac{y}{a} \implies x = y"),
    (N, r"e^x = e^y \implies x = 2 y", r"e^x = e^y \iff x = y"),
    (N, r"\cos x = 1 \implies x = 0", r"x = 0 \implies \cos x = 1"),
    (N, r"\sin x = \sin y \implies x = y", r"x = y \implies \sin x = \sin y"),
    (N, r"a^2 + b^2 = 0 \implies a = 1", r"a^2 + b^2 = 0 \implies a = 0"),
    # logarithms and powers
    (N, r"\log(x^2) = 2 \log x", r"\log(x^2) = 2 \log |x|"),
    (NZ, r"\log(x y) = \log x + \log y", r"\log(x y) = \log x + \log y", POSZ),
    (POS, r"\log(x + y) = \log x + \log y", r"\log(x y) = \log x + \log y"),
    (POS, r"\log(x / y) = \log x / \log y", r"\log(x / y) = \log x - \log y"),
    (POS, r"(\log x)^2 = 2 \log x", r"\log(x^2) = 2 \log x"),
    (POSZ, r"x^{a + b} = x^a + x^b", r"x^{a + b} = x^a x^b"),
    (POSZ, r"(x^a)^b = x^{a + b}", r"(x^a)^b = x^{a b}"),
    (POS, r"(x + y)^a = x^a + y^a", r"(x y)^a = x^a y^a"),
    (N, r"e^{x y} = e^x e^y", r"e^{x + y} = e^x e^y"),
    (N, r"\log(e^x + e^y) = x + y", r"\log(e^x e^y) = x + y"),
    (N, r"\log(1 + e^x) = x + \log(1 + e^x)", r"\log(1 + e^x) = x + \log(1 + e^{-x})"),
    # inequalities
    (N, r"x \le y \implies a x \le a y", r"x \le y \implies a x \le a y", POS),
    (N, r"x < y \implies x^2 < y^2", r"x < y \implies x^2 < y^2", POS),
    (N, r"x \le y \implies -x \le -y", r"x \le y \implies -x \ge -y"),
    (NZ, r"x < y \implies 1 / x > 1 / y", r"x < y \implies 1 / x > 1 / y", POSZ),
    (N, r"x y \le x^2", r"2 x y \le x^2 + y^2"),
    (N, r"|x + y| \ge |x| + |y|", r"|x + y| \le |x| + |y|"),
    (N, r"|x - y| \le |x| - |y|", r"|x - y| \ge |x| - |y|"),
    (POS, r"\sqrt{x y} \ge \frac{x + y}{2}", r"\sqrt{x y} \le \frac{x + y}{2}"),
    (POS, r"\log x \ge x - 1", r"\log x \le x - 1"),
    (N, r"\max(x, y) \le \frac{x + y}{2}", r"\max(x, y) \ge \frac{x + y}{2}"),
    (N, r"x^2 > 0", r"x^2 \ge 0"),
    (N, r"x^2 \ge x", r"x^2 \ge x - 1"),
    (POS, r"x^2 \ge x", r"x^2 + 1 \ge x"),
    (VEC, r"\|u + v\| \ge \|u\| + \|v\|", r"\|u + v\| \le \|u\| + \|v\|"),
    (VECZ, r"u^\top v \ge \|u\| \|v\|", r"u^\top v \le \|u\| \|v\|"),
    (VEC, r"\|u\|_1 \le \|u\|_2", r"\|u\|_1 \ge \|u\|_2"),
    (VEC, r"\|u\|_2^2 \le \|u\|_1", r"\|u\|_2^2 \le \|u\|_1^2"),
    # matrices
    (MAT, r"A B = B A", r"(A + B) C = A C + B C"),
    (MATZ, r"A x = b \implies x = A^{-1} b", r"x = A^{-1} b \implies A x = b"),
    (MATZ, r"A x = A y \implies x = y", r"x = y \implies A x = A y"),
    (MAT, r"A B = A C \implies B = C", r"B = C \implies A B = A C"),
    (MAT, r"A B = 0 \implies A = 0", r"A = 0 \implies A B = 0"),
    (INV, r"(A B)^{-1} = A^{-1} B^{-1}", r"(A B)^{-1} = B^{-1} A^{-1}"),
    (INV, r"A x = b \iff x = b^\top A^{-1}", r"A x = b \iff x = A^{-1} b"),
    (INV, r"(A + B)^{-1} = A^{-1} + B^{-1}", r"A^{-1} + B^{-1} = A^{-1} (A + B) B^{-1}"),
    (INV, r"(A^\top)^{-1} = A^{-1}", r"(A^\top)^{-1} = (A^{-1})^\top"),
    (MAT, r"(A B)^\top = A^\top B^\top", r"(A B)^\top = B^\top A^\top"),
    (MATZ, r"\operatorname{tr}(A B C) = \operatorname{tr}(A C B)", r"\operatorname{tr}(A B C) = \operatorname{tr}(C A B)"),
    (MAT, r"\operatorname{tr}(A B) = \operatorname{tr}(A) \operatorname{tr}(B)", r"\operatorname{tr}(A B) = \operatorname{tr}(B A)"),
    (MAT, r"\operatorname{tr}(A^\top B) = \operatorname{tr}(A B)", r"\operatorname{tr}(A^\top B) = \operatorname{tr}(B^\top A)"),
    (MAT, r"(A + B)^2 = A^2 + 2 A B + B^2", r"(A + B)^2 = A^2 + A B + B A + B^2"),
    (MATZ, r"(A + B)(A - B) = A^2 - B^2", r"(A + B)(A - B) = A^2 - A B + B A - B^2"),
    (MAT, r"\det(A + B) = \det A + \det B", r"\det(A B) = \det A \det B"),
    (MAT, r"\det(\lambda A) = \lambda \det A", r"\det(A^\top) = \det A"),
    (MAT, r"x^\top A y = y^\top A x", r"x^\top A y = y^\top A^\top x"),
    (MAT, r"\frac{\partial (x^\top A x)}{\partial x} = 2 A x", r"\frac{\partial (x^\top A x)}{\partial x} = (A + A^\top) x"),
    (SYM, r"\frac{\partial (x^\top A x)}{\partial x} = A x", r"\frac{\partial (x^\top A x)}{\partial x} = 2 A x"),
    (SYM, r"A B = (A B)^\top", r"B A = (A B^\top)^\top"),
    (SYM, r"x^\top A B x = x^\top B A x + \|x\|^2", r"x^\top A B x = x^\top B^\top A x"),
    (MAT, r"\|A x\| = \|A\| \|x\|", r"\|A x\|^2 = x^\top A^\top A x"),
    (MAT, r"\|A x\|^2 = x^\top A A^\top x", r"\|A^\top x\|^2 = x^\top A A^\top x"),
    (MAT, r"x x^\top = x^\top x", r"\operatorname{tr}(x x^\top) = x^\top x"),
    (VEC, r"u u^\top v = v u^\top u", r"u u^\top v = (u^\top v) u"),
    (VECZ, r"\|u - v\|^2 = \|u\|^2 - \|v\|^2", r"\|u - v\|^2 = \|u\|^2 - 2 u^\top v + \|v\|^2"),
    (VECZ, r"\|u + v\|^2 = \|u\|^2 + \|v\|^2", r"\|u + v\|^2 = \|u\|^2 + \|v\|^2", VECZ + r" 假设 $u^\top v = 0$。"),
    (VEC, r"\|t u\| = t \|u\|", r"\|t u\| = |t| \|u\|"),
    (VEC, r"u^\top v = 0 \implies u = 0", r"u = 0 \implies u^\top v = 0"),
    (VEC, r"u^\top v = u^\top w \implies v = w", r"v = w \implies u^\top v = u^\top w"),
    (VEC, r"t u = 0 \implies t = 0", r"t = 0 \implies t u = 0"),
    (VEC, r"\|u\| = \|v\| \implies u = v", r"u = v \implies \|u\| = \|v\|"),
    # sums
    (SUM, r"\sum_i x_i y_i = \sum_i x_i \sum_i y_i", r"\sum_i \sum_j x_i a_j = \sum_i x_i \sum_j a_j"),
    (SUMZ, r"(\sum_i x_i)^2 = \sum_i x_i^2", r"(\sum_i x_i)^2 = \sum_i \sum_j x_i x_j"),
    (SUM, r"\sum_{i=1}^{n-1} x_{i+1} = \sum_{i=1}^{n} x_i", r"\sum_{i=1}^{n-1} x_{i+1} = \sum_{i=2}^{n} x_i"),
    (SUM, r"\sum_{i=1}^{n-1} (x_{i+1} - x_i) = x_n", r"\sum_{i=1}^{n-1} (x_{i+1} - x_i) = x_n - x_1"),
    (SUM, r"\sum_{i=1}^{n} i = \frac{n (n - 1)}{2}", r"\sum_{i=1}^{n} i = \frac{n (n + 1)}{2}"),
    (SUMZ, r"\sum_{i=1}^{n} (x_i + 1) = \sum_{i=1}^{n} x_i + 1", r"\sum_{i=1}^{n} (x_i + 1) = \sum_{i=1}^{n} x_i + n"),
    (SUM, r"\prod_i 2 x_i = 2 \prod_i x_i", r"\prod_i 2 x_i = 2^n \prod_i x_i"),
    (SUM, r"\prod_i (x_i + y_i) = \prod_i x_i + \prod_i y_i", r"\prod_i x_i y_i = \prod_i x_i \prod_i y_i"),
    (SUM, r"\prod_i e^{x_i} = \sum_i e^{x_i}", r"\prod_i e^{x_i} = e^{\sum_i x_i}"),
    (SUM, r"\sum_i \prod_j M_{ij} = \prod_j \sum_i M_{ij}", r"\sum_i \sum_j M_{ij} = \sum_j \sum_i M_{ij}"),
    (SUM, r"\max_i \sum_j M_{ij} = \sum_j \max_i M_{ij}", r"\max_i \sum_j M_{ij} \le \sum_j \max_i M_{ij}"),
    (SUMZ, r"\max_i \min_j M_{ij} = \min_j \max_i M_{ij}", r"\max_i \min_j M_{ij} \le \min_j \max_i M_{ij}"),
    (SUM, r"\max_i (x_i + y_i) = \max_i x_i + \max_i y_i", r"\max_i (x_i + y_i) \le \max_i x_i + \max_i y_i"),
    (SUM, r"\max_i (-x_i) = -\max_i x_i", r"\max_i (-x_i) = -\min_i x_i"),
    (SUM, r"\max_i x_i = \max_i |x_i|", r"\max_i |x_i| \ge \max_i x_i"),
    (SUM, r"\log \sum_i e^{x_i} = \sum_i x_i", r"\log \prod_i e^{x_i} = \sum_i x_i"),
    (SUM, r"\frac{\partial}{\partial x_k} \sum_i x_i y_i = y_i", r"\frac{\partial}{\partial x_k} \sum_i x_i y_i = y_k"),
    (SUM, r"\frac{\partial}{\partial x_k} \sum_i \sum_j x_i x_j = 2 x_k", r"\frac{\partial}{\partial x_k} \sum_i \sum_j x_i x_j = 2 \sum_i x_i"),
    (SUM, r"\sum_{i \ne k} x_i = \sum_i x_i + x_k", r"\sum_{i \ne k} x_i = \sum_i x_i - x_k"),
    (N, r"x^2 + y^2 > 2 x y", r"x^2 + y^2 \ge 2 x y"),
    # chance
    (CHANCE, r"\mathbb{E}[X Y] = \mathbb{E}[X] \mathbb{E}[Y]", r"\mathbb{E}[X Y] = \mathbb{E}[X] \mathbb{E}[Y]", INDEP),
    (CHANCEZ, r"\mathbb{E}[X^2] = \mathbb{E}[X]^2", r"\mathbb{E}[X^2] = \operatorname{Var}(X) + \mathbb{E}[X]^2"),
    (CHANCE, r"\operatorname{Var}(a X) = a \operatorname{Var}(X)", r"\operatorname{Var}(a X) = a^2 \operatorname{Var}(X)"),
    (CHANCE, r"\operatorname{Var}(X + b) = \operatorname{Var}(X) + b", r"\operatorname{Var}(X + b) = \operatorname{Var}(X)"),
    (CHANCEZ, r"\operatorname{Var}(X + Y) = \operatorname{Var}(X) + \operatorname{Var}(Y)", r"\operatorname{Var}(X + Y) = \operatorname{Var}(X) + \operatorname{Var}(Y) + 2 \operatorname{Cov}(X, Y)"),
    (INDEP, r"\operatorname{Var}(X - Y) = \operatorname{Var}(X) - \operatorname{Var}(Y)", r"\operatorname{Var}(X - Y) = \operatorname{Var}(X) + \operatorname{Var}(Y)"),
    (CHANCE, r"\mathbb{E}[e^X] \le e^{\mathbb{E}[X]}", r"\mathbb{E}[e^X] \ge e^{\mathbb{E}[X]}"),
    (CHANCE, r"\mathbb{E}[X^2] \le \mathbb{E}[X]^2", r"\mathbb{E}[X^2] \ge \mathbb{E}[X]^2"),
    (CHANCE, r"\mathbb{E}[|X|] \le |\mathbb{E}[X]|", r"\mathbb{E}[|X|] \ge |\mathbb{E}[X]|"),
    (CHANCE, r"\operatorname{Var}(X) = \mathbb{E}[X]^2 - \mathbb{E}[X^2]", r"\operatorname{Var}(X) = \mathbb{E}[X^2] - \mathbb{E}[X]^2"),
    (CHANCE, r"\mathbb{E}[a X + b] = a \mathbb{E}[X]", r"\mathbb{E}[a X + b] = a \mathbb{E}[X] + b"),
    (CHANCE, r"\operatorname{Cov}(a X, b Y) = (a + b) \operatorname{Cov}(X, Y)", r"\operatorname{Cov}(a X, b Y) = a b \operatorname{Cov}(X, Y)"),
    (DIST, r"\sum_i p_i \log \frac{p_i}{q_i} = \sum_i q_i \log \frac{q_i}{p_i}", r"\sum_i p_i \log \frac{p_i}{q_i} = \sum_i p_i \log p_i - \sum_i p_i \log q_i"),
    (DIST, r"\sum_i p_i \log \frac{p_i}{q_i} \le 0", r"\sum_i p_i \log \frac{p_i}{q_i} \ge 0"),
    (DIST, r"\sum_i p_i \log q_i \ge \sum_i p_i \log p_i", r"\sum_i p_i \log q_i \le \sum_i p_i \log p_i"),
    (DIST, r"-\sum_i p_i \log p_i \ge \log n", r"-\sum_i p_i \log p_i \le \log n"),
    (DIST, r"\log \sum_i p_i q_i \le \sum_i p_i \log q_i", r"\log \sum_i p_i q_i \ge \sum_i p_i \log q_i"),
    (DIST, r"\sum_i (p_i + q_i) = 1", r"\sum_i (p_i + q_i) = 2"),
    # derivatives
    (CURVE, r"\frac{d}{dx} f(g(x)) = f'(g(x))", r"\frac{d}{dx} f(g(x)) = f'(g(x)) g'(x)"),
    (CURVEZ, r"\frac{d}{dx} (f(x) g(x)) = f'(x) g'(x)", r"\frac{d}{dx} (f(x) g(x)) = f'(x) g(x) + f(x) g'(x)"),
    (CURVE, r"\frac{d}{dx} \frac{1}{f(x)} = \frac{f'(x)}{f(x)^2}", r"\frac{d}{dx} \frac{1}{f(x)} = -\frac{f'(x)}{f(x)^2}"),
    (CURVEZ, r"\frac{d}{dx} f(2 x) = f'(2 x)", r"\frac{d}{dx} f(2 x) = 2 f'(2 x)"),
    (CURVE, r"f(x + h) = f(x) + h f'(x) + O(h^3)", r"f(x + h) = f(x) + h f'(x) + O(h^2)"),
    (CURVE, r"\frac{f(x + h) - f(x)}{h} = f'(x) + O(h^2)", r"\frac{f(x + h) - f(x)}{h} = f'(x) + O(h)"),
    (CURVEZ, r"\sin h = h + O(h^4)", r"\sin h = h + O(h^3)"),
    (CURVEZ, r"\cos h = 1 + O(h^3)", r"\cos h = 1 + O(h^2)"),
    (CURVE, r"f(x + h) = f(x) + O(h^2)", r"f(x + h) = f(x) + O(h)"),
    (CURVE, r"f(x) g(x) = f(g(x))", r"f(x) g(x) = g(x) f(x)"),
    (PATH, r"\frac{dL}{dt} = u", r"\frac{dL}{dt} = u + t \frac{du}{dt}"),
    (PATH, r"\frac{dL}{dt} = 2 t^2", r"\frac{dL}{dt} = 3 t^2"),
    (SOFT, r"\frac{\partial p_i}{\partial z_j} = p_i (1 - p_j)", r"\frac{\partial p_i}{\partial z_i} = p_i (1 - p_i)"),
    (SOFTZ, r"\frac{\partial p_i}{\partial z_j} = -p_i p_j", r"\frac{\partial p_i}{\partial z_j} = p_i (\delta_{ij} - p_j)"),
    (SOFT, r"\frac{\partial}{\partial z_k} \log p_i = 1 - p_k", r"\frac{\partial}{\partial z_k} \log p_i = \delta_{ik} - p_k"),
    (SOFT, r"\sum_i p_i^2 = 1", r"\sum_i p_i = 1"),
    (LEAST, r"\nabla J(w) = 2 X^\top (y - X w)", r"\nabla J(w) = 2 X^\top (X w - y)"),
    (LEAST, r"\nabla J(w) = 0 \implies w = X^{-1} y", r"\nabla J(w) = 0 \implies X^\top X w = X^\top y"),
    (LEAST, r"\nabla J(w) = 0 \implies X w = y", r"X w = y \implies \nabla J(w) = 0"),
    (LEAST, r"\nabla J(w) = 0 \iff X w = y", r"\nabla J(w) = 0 \iff X^\top (X w - y) = 0"),
]  # fmt: skip


def rows(true: bool) -> list[tuple[str, str]]:
    if not true:
        return [(pair[0], pair[1]) for pair in PAIRS]
    return [(pair[-1] if len(pair) > 3 else pair[0], pair[2]) for pair in PAIRS]
