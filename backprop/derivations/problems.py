"""What can be said about a row, in both languages: one place per sentence.

A `Problem` carries a key of this table and the values for it, so that results can be
cached once and read in either language.
"""

from __future__ import annotations

import re
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# key: (English, Chinese)
SAID: dict[str, tuple[str, str]] = {
    # reading
    "unknown-command": (
        "{found} is not read here{hint}; the author guide lists what is, under Derivations, Rows",
        "这里不认识 {found}{hint}；能读的命令列在作者指南“推导”一节的“每一行”里",
    ),
    "declared-late": (
        "{found} is declared behind {name}, which was read as one that does not depend on it; declare "
        "{found} first",
        "{found} 的声明在 {name} 之后，而 {name} 已被读作与它无关；请先声明 {found}",
    ),
    "extreme-point": (
        "where something is least or largest is not verified: declare the point, $w^* \\in \\mathbb{{R}}^d$, "
        "and write where the slope vanishes, \\nabla_w J = 0 \\implies w = …; or waive the row, "
        "% unchecked: J is convex",
        "不验证最值在何处取到：请声明该点，例如 $w^* \\in \\mathbb{{R}}^d$，并写出导数为零的点，"
        "\\nabla_w J = 0 \\implies w = …；或写明理由免验此行，% unchecked: J 是凸函数",
    ),
    "rounded": (
        "{found}: rounding to whole numbers is not read: name the length that comes of it, "
        "$m \\in \\mathbb{{N}}$, or waive the row, % unchecked: by rounding",
        "{found}：不读取整；请给取整得到的长度起个名字，$m \\in \\mathbb{{N}}$，"
        "或写明理由免验此行，% unchecked: 取整",
    ),
    "dependent": (
        "{found} is a random variable beside others, and nothing says that they are independent; "
        "write 'independent random variables', or state its moments by itself, "
        "$\\mathbb{{E}}[{found}] = …$",
        "{found} 和别的随机变量写在一起，却没有说明它们独立；请写“独立的随机变量”，"
        "或单独写出它的矩，$\\mathbb{{E}}[{found}] = …$",
    ),
    "reference": (
        "{found} is not read as a formula: cite the equation itself in a \\because row, or point to "
        "it in words, \\quad \\text{{by {found}{{…}}}}",
        "{found} 不读作公式：请在 \\because 行里写出那个等式，或只用文字指向它，\\quad \\text{{由 {found}{{…}}}}",
    ),
    "unexpected": (
        "{found} is not expected here{hint}",
        "此处不应出现 {found}{hint}",
    ),
    "unclosed": (
        "{found} is never closed; write what closes it",
        "{found} 没有闭合；请补上与它成对的一半",
    ),
    "unopened": (
        "{found} closes nothing; write what opens it, or take it away",
        "{found} 没有与之成对的左括号；请补上，或去掉它",
    ),
    "dangling": (
        "nothing follows {found}; take it away, or begin the next line with it",
        "{found} 后面没有东西；请去掉它，或把它写到下一行开头",
    ),
    "letters-name": (
        "{found} typesets as a product of letters, and {letter} is not declared; a name of several "
        "letters is upright: declare and write \\mathrm{{{found}}}, or declare {letter}",
        "{found} 排出来是几个字母相乘，而 {letter} 未声明；多个字母的名字用正体："
        "请声明并写 \\mathrm{{{found}}}，或声明 {letter}",
    ),
    "partial-subscript": (
        "{found} is not read; write the derivative as {better}",
        "不读 {found}；导数请写成 {better}",
    ),
    "two-dots": (
        "'..' is not an ellipsis; write \\cdots (in a row), \\vdots, \\ddots",
        "“..”不是省略号，请写 \\cdots（横排）、\\vdots 或 \\ddots",
    ),
    "factorial": (
        "'!' is not read: 2n! may be (2n)! or 2(n!); write the product out",
        "不读“!”：2n! 可以是 (2n)!，也可以是 2(n!)，请写成连乘",
    ),
    "asterisk": (
        "'*' typesets as an asterisk; write \\cdot for a product, \\odot for entry by entry",
        "“*”排出来是星号；乘积请写 \\cdot，逐元素乘请写 \\odot",
    ),
    "evaluation-bar": (
        "an evaluation bar is not read; name the function and write f'(x)",
        "不读求值竖线；请给函数命名并写 f'(x)",
    ),
    "inequality": (
        "{found} states no equation; = and inequalities of one direction are verified, "
        "≈ as = … + O(h^2)",
        "{found} 不是等式；只验证等式和同一方向的不等式，≈ 请写成 = … + O(h^2)",
    ),
    "order": (
        "{found}: what becomes small is not clear; write it at the end of a side, as O(h^2) with a "
        "declared number h",
        "{found}：看不出什么趋于零；请写在一边的末尾，如 O(h^2)，其中 h 是声明过的数",
    ),
    "constant-in": (
        "{found}: nothing says what it does not depend on; say so in the prose, "
        "'as functions of $x$'",
        "{found}：没有说明它与什么无关；请在正文里写明：“作为 $x$ 的函数”",
    ),
    "varies": (
        "what is left out is no constant: it depends on {found}",
        "略去的不是常数：它依赖 {found}",
    ),
    "does-not-hold": (
        "the inequality does not hold",
        "不等式不成立",
    ),
    "too-far-apart": (
        "numbers here are thousands of digits apart in size: whether the sides are equal cannot be "
        "computed; waive the row, or name what is so large or so small",
        "这里的数大小相差几千位，无法算出两边是否相等；请写明理由免验此行，或给那个极大或极小的数起个名字",
    ),
    "too-long": (
        "something here is counted up to {found}, further than lengths are tried: what holds at those "
        "may not hold behind it; waive the row, or give the number a name",
        "这里数到了 {found}，比试过的长度都大：在那些长度上成立的，到它后面未必成立；"
        "请写明理由免验此行，或给这个数起个名字",
    ),
    "whole": (
        "{found} may be 0 or negative, and whole numbers are read as lengths, 1, 2, … alone: declare "
        "${name} \\in \\mathbb{{N}}$, or ${name} \\in \\mathbb{{R}}$ if what follows holds of every number",
        "{found} 可以是 0 或负数，而这里整数只读作长度 1、2、…：请声明 ${name} \\in \\mathbb{{N}}$；"
        "若下文对所有实数成立，请声明 ${name} \\in \\mathbb{{R}}$",
    ),
    "too-close": (
        "the sides come so close to each other that numbers do not tell whether they meet: write "
        "\\le or \\ge if they may be equal, else waive the row",
        "两边相差极小，数值无法判断是否相等：若可以相等请写 \\le 或 \\ge，否则请写明理由免验此行",
    ),
    "order-larger": (
        "the error does not shrink like {symbol}^{power}",
        "误差不像 {symbol}^{power} 那样缩小",
    ),
    # names
    "undeclared": (
        "{found} is not declared; declare it before its first use, e.g. ${example}$",
        "{found} 未声明；请在首次使用之前声明，例如 ${example}$",
    ),
    "declaration-refused": (
        "{found}: its declaration on line {line} was not read; see what is said there",
        "{found}：第 {line} 行对它的声明没有读出来，原因见那一行",
    ),
    "premise-refused": (
        "what line {line} says of {found} was not read, and this row may need it; see what is said "
        "there",
        "第 {line} 行关于 {found} 的内容没有读出来，而这一行可能要用到它；原因见那一行",
    ),
    "undeclared-plain": (
        "{found} is declared, {given} is not: they are different symbols; write {found}, "
        "or declare ${example}$",
        "声明过的是 {found}，而不是 {given}：两者是不同的符号；请写 {found}，或声明 ${example}$",
    ),
    "undeclared-entry": (
        "{found} is not declared (but {given} is): write {given} with the indices, or declare "
        "its entries, ${example}$",
        "{found} 未声明（已声明的是 {given}）：请给 {given} 加下标，或声明它的元素：${example}$",
    ),
    "call-or-product": (
        "{found} may be a function called or a product: {name} is not declared. Declare the "
        "function, e.g. ${name} : \\mathbb{{R}} \\to \\mathbb{{R}}$, or the variable "
        "${name} \\in \\mathbb{{R}}$",
        "{found} 可以是函数调用，也可以是乘积：{name} 未声明。请声明函数，例如 "
        "${name} : \\mathbb{{R}} \\to \\mathbb{{R}}$，或声明变量 ${name} \\in \\mathbb{{R}}$",
    ),
    "conditional": (
        "{found}: {name} is not declared; declare the finite sets and the distribution, "
        "$a \\in \\mathcal{{A}}$, $s \\in \\mathcal{{S}}$, $a \\sim {name}(a \\mid s)$",
        "{found}：{name} 未声明；请声明有限集与分布，例如 $a \\in \\mathcal{{A}}$、"
        "$s \\in \\mathcal{{S}}$、$a \\sim {name}(a \\mid s)$",
    ),
    "applied-or-product": (
        "{found} reads as {name} applied to something that {name} is not defined by; write "
        "{name} \\cdot (…) for the product, or declare the function, "
        "${name}(t) = …$ or ${name} : \\mathbb{{R}} \\to \\mathbb{{R}}$",
        "{found} 读作把 {name} 作用于它的定义并不依赖的东西；乘积请写 {name} \\cdot (…)，"
        "或声明函数：${name}(t) = …$ 或 ${name} : \\mathbb{{R}} \\to \\mathbb{{R}}$",
    ),
    "two-readings": (
        "the letters {found} are one name or a product, both are declared; write \\mathrm{{{found}}} "
        "for the name or {found_dots} for the product",
        "字母 {found} 可以是一个名字，也可以是乘积，两者都声明过；名字请写 \\mathrm{{{found}}}，"
        "乘积请写 {found_dots}",
    ),
    "power-or-name": (
        "{found} may be a name of its own or a power of {name}: both are declared; give the number "
        "another name, or write the power with brackets, ({name})^…",
        "{found} 可以是一个名字，也可以是 {name} 的幂：两者都声明过；请给这个数换名，或把幂写成带括号的 ({name})^…",
    ),
    "recurrence": (
        "{found} is defined by another of its own: a recurrence of one step is read from its "
        "beginning, or backwards from its end; declare that, e.g. $h_0 \\in \\mathbb{{R}}$, "
        "$h_t = f(h_{{t-1}}, x_t)$",
        "{found} 由自己的另一项定义：一步的递推式从起点读起，或从终点倒着读；请声明起点，例如 "
        "$h_0 \\in \\mathbb{{R}}$、$h_t = f(h_{{t-1}}, x_t)$",
    ),
    "held-or-moved": (
        "{found}: {name} follows a law in which {by} stands, so that it may be held fixed, as in a "
        "likelihood, or move along; declare ${name} \\in \\mathbb{{R}}$, or write it as "
        "$\\mu + \\sigma \\epsilon$ with $\\epsilon \\sim \\mathcal{{N}}(0, 1)$",
        "{found}：{name} 的分布里有 {by}，求导时它可能不变（如似然），也可能随之变化；"
        "请声明 ${name} \\in \\mathbb{{R}}$，或写成 $\\mu + \\sigma \\epsilon$，其中 "
        "$\\epsilon \\sim \\mathcal{{N}}(0, 1)$",
    ),
    "index-outside": (
        "{found} leaves its range, and nothing says what stands there; declare where the index "
        "starts and ends, e.g. $i = 0, \\dots, N - K$",
        "{found} 会超出范围，而没有说明那里是什么；请声明下标从哪里到哪里，例如 $i = 0, \\dots, N - K$",
    ),
    "sum-outside": (
        "{found}: it is not clear that all of its terms exist; let the index count the positions "
        "themselves, \\sum_{{k=t+1}}^{{T}} \\gamma^{{k-t-1}} r_k for "
        "\\sum_{{k=0}}^{{T-t-1}} \\gamma^k r_{{t+k+1}}",
        "{found}：不清楚各项是否都存在；请让下标直接数位置，把 "
        "\\sum_{{k=0}}^{{T-t-1}} \\gamma^k r_{{t+k+1}} 写成 "
        "\\sum_{{k=t+1}}^{{T}} \\gamma^{{k-t-1}} r_k",
    ),
    "nabla-span": (
        "{found}: it is not clear what \\nabla takes, one factor or the product; write brackets",
        "{found}：看不出 \\nabla 管一个因子还是整个乘积；请加括号",
    ),
    "nabla-point": (
        "{found}: the gradient is read at a named point; declare it, $y = …$, and write "
        "\\nabla {name}(y)",
        "{found}：梯度只在有名字的点处读；请声明 $y = …$，再写 \\nabla {name}(y)",
    ),
    "no-table": (
        "{found}: no function of these letters is declared, but {known}; p(x) and p(z) are different ones",
        "{found}：没有声明过以这些字母为自变量的函数，声明过的是 {known}；p(x) 和 p(z) 是两个函数",
    ),
    "no-distribution": (
        "{found} is not declared as a distribution; declare the letter and its law, e.g. {example}",
        "{found} 没有声明为分布；请声明字母和它的分布，例如 {example}",
    ),
    "mean-brackets": (
        "{found}: where what it takes ends is not clear; write brackets, {found}[…]",
        "{found}：看不出它管到哪里为止；请加括号：{found}[…]",
    ),
    "mean-power": (
        "{found} may be the mean of a power or the power of a mean; write \\mathbb{{E}}[({inside}){power}] "
        "or (\\mathbb{{E}}[{inside}]){power}",
        "{found} 可以是幂的期望，也可以是期望的幂；请写 \\mathbb{{E}}[({inside}){power}] 或 "
        "(\\mathbb{{E}}[{inside}]){power}",
    ),
    "quadrature": (
        "an expectation here is known to {error} of its size only, which decides nothing: it is of a "
        "function with corners, or no polynomial of a low degree in several outcomes; waive the "
        "row, or state the moment that it needs, $\\mathbb{{E}}[X] = \\mu$",
        "这里的期望只能算到自身大小的 {error}，不足以判断：被平均的函数有尖角，或者不是多个结果的低次多项式；"
        "请写明理由免验此行，或声明所需的矩，例如 $\\mathbb{{E}}[X] = \\mu$",
    ),
    "covariance": (
        "a random vector is read with independent entries only, \\mathcal{{N}}(\\mu, \\sigma^2 I), "
        "and {found} is no multiple of I; write x = \\mu + L \\epsilon with "
        "$\\epsilon \\sim \\mathcal{{N}}(0, I)$",
        "随机向量只在各分量独立时读作 \\mathcal{{N}}(\\mu, \\sigma^2 I)，而 {found} 不是 I 的倍数；请写 "
        "x = \\mu + L \\epsilon，其中 $\\epsilon \\sim \\mathcal{{N}}(0, I)$",
    ),
    "never": (
        "{found} holds nowhere, so this row says nothing",
        "{found} 处处不成立，所以这一行什么也没说",
    ),
    "integral": (
        "an integral is read as an expectation only, over a declared set: declare "
        "$x \\in \\mathcal{{X}}$, $x \\sim p$, and write \\int f(x) p(x) \\, dx",
        "积分只作为期望来读，而且取自声明过的集合：请声明 $x \\in \\mathcal{{X}}$、$x \\sim p$，"
        "再写 \\int f(x) p(x) \\, dx",
    ),
    "no-random": (
        "nothing in this {found} is random; declare what is, $X \\sim \\mathcal{{N}}(\\mu, \\sigma^2)$ "
        "or $\\mathbb{{E}}[X] = \\mu$, or write what is averaged over, \\mathbb{{E}}_{{x \\sim p}}",
        "这个 {found} 里没有随机的东西；请声明，例如 $X \\sim \\mathcal{{N}}(\\mu, \\sigma^2)$ 或 "
        "$\\mathbb{{E}}[X] = \\mu$，或写出对什么取平均：\\mathbb{{E}}_{{x \\sim p}}",
    ),
    "e-declared": (
        "{found}: e is declared in this derivation, so this may be a power of it or the exponential "
        "function; write \\exp(…) for the exponential, or give the other e another name",
        "{found}：本推导中声明了 e，这里可以是它的幂，也可以是指数函数；指数函数请写 \\exp(…)，"
        "或给另一个 e 换名",
    ),
    "inverse": (
        "{found} may be the inverse function or a reciprocal; write \\frac{{1}}{{…}}, or name the inverse",
        "{found} 可以是反函数，也可以是倒数；请写 \\frac{{1}}{{…}}，或给反函数另起一个名字",
    ),
    "brace-label": (
        "{found}: what a brace says of a part is not verified; state it in a \\because row, or write "
        "it as \\text{{…}}",
        "{found}：不验证花括号下的标注；请写成一行 \\because，或写成 \\text{{…}}",
    ),
    "digits": (
        "{found} typesets as one number, or with a digit on the line; write \\cdot for a product, "
        "braces around an index or exponent of several digits",
        "{found} 排出来像一个数，或有数字落在行内；乘积请写 \\cdot，多位的下标或指数请加花括号",
    ),
    "words-inside": (
        "{found} stands inside a formula; words belong at the end of a row or beside its relation",
        "{found} 出现在公式中间；文字应放在行末或关系符旁边",
    ),
    "transposed-entry": (
        "{found}: an entry is a number and has no transpose; write (X^\\top)_{{ij}} for an entry of the "
        "transpose",
        "{found}：元素是一个数，没有转置；转置矩阵的元素请写 (X^\\top)_{{ij}}",
    ),
    "cases-gap": (
        "{found}: at some values none of these cases holds; let the conditions cover all of them, or "
        "end with \\text{{otherwise}}",
        "{found}：有些取值不属于任何一种情形；请让条件覆盖所有取值，或以 \\text{{otherwise}} 结尾",
    ),
    "kronecker-declared": (
        "{found}: \\delta is declared as a number here, so this is no Kronecker delta; write "
        "\\mathbb{{1}}[i = j], or give the number another name",
        "{found}：这里 \\delta 声明为一个数，不是克罗内克符号；请写 \\mathbb{{1}}[i = j]，或给这个数换个名字",
    ),
    "two-scripts": (
        "two indices or two exponents at one place; put them into one pair of braces, _{{i j}}, or "
        "brackets around what is raised, (a^b)^c",
        "同一处有两个下标或两个指数；下标请放进同一对花括号 _{{i j}}，多重乘方请加括号 (a^b)^c",
    ),
    "comma": (
        "a comma here separates nothing that is read; between equations write , \\quad, between "
        "indices put it into the braces, and no comma within a number",
        "这里的逗号没有分开任何能读的东西；等式之间请写 , \\quad，下标之间请放进花括号，数字里不写逗号",
    ),
    "spelled-function": (
        "{found} typesets as a product of letters; the function is \\{found}",
        "{found} 排出来是几个字母相乘；函数请写 \\{found}",
    ),
    "letter-for-sum": (
        "{found} is a letter; the operator is {given}",
        "{found} 只是一个字母；运算符请写 {given}",
    ),
    "braces": (
        "{found}: braces are not typeset, so what they hold together falls apart to the eye; "
        "write brackets",
        "{found}：花括号排不出来，读者看不到它们括住了什么；请写括号",
    ),
    "gap": (
        "{found} between two factors sets them apart; write \\cdot or nothing for a product, a comma "
        "between equations, \\tag{{1}} for a number",
        "{found} 把两个因子隔开了；乘积请写 \\cdot 或直接相邻，两个等式之间请写逗号，编号请写 \\tag{{1}}",
    ),
    "pairs": (
        "{found}: {index} is bound nowhere and stands in no other place; for all pairs write "
        "\\sum_{{{index}}} {found}",
        "{found}：{index} 没有被约束，也没有出现在别处；若对所有数对求和，请写 \\sum_{{{index}}} {found}",
    ),
    "differential": (
        "{found} may be a differential or a product: write \\mathrm{{d}} for the differential, "
        "\\frac{{d …}}{{d …}} for a derivative, \\cdot if d is a number, and brackets around a power",
        "{found} 可以是微分，也可以是乘积：微分请写 \\mathrm{{d}}，导数请写 \\frac{{d …}}{{d …}}；若 d 是一个数，"
        "请写 \\cdot；幂请加括号",
    ),
    "imaginary": (
        "{found} is an index and is also used as a number (or as the imaginary unit); "
        "use another letter for the index",
        "{found} 是下标，又被当作数（或虚数单位）使用；下标请换一个字母",
    ),
    "index-value": (
        "the value of the index {found} depends on where counting starts; "
        "say it: \\sum_{{{found} = 1}}^{{n}}",
        "下标 {found} 的值取决于从几开始数；请写明：\\sum_{{{found} = 1}}^{{n}}",
    ),
    "declared-twice": (
        "{found} is declared already; use another name, or start a new derivation block",
        "{found} 已经声明过；请换一个名字，或另起一个推导块",
    ),
    "bad-declaration": (
        "this is not read as a declaration: {why}. A declaration is x \\in \\mathbb{{R}}^{{n \\times d}}, "
        "\\bar{{x}}_j = …, f : \\mathbb{{R}} \\to \\mathbb{{R}}, L = L(y), or i = 1, \\dots, n",
        "读不出这个声明：{why}。声明的写法有 x \\in \\mathbb{{R}}^{{n \\times d}}、\\bar{{x}}_j = …、"
        "f : \\mathbb{{R}} \\to \\mathbb{{R}}、L = L(y)、i = 1, \\dots, n",
    ),
    "claim": (
        "this equation declares nothing new ({found} is defined already); write it as a row",
        "这个等式没有声明新的符号（{found} 已有定义）；请把它写成推导的一行",
    ),
    "not-assumed": (
        "this does not hold for all {found}, and no word says that it is assumed; write 'assume "
        "${tex}$' (or given, with, let, such that), or leave it out",
        "这并非对任意的 {found} 都成立，也没有词语表明它是假设；请写“假设 ${tex}$”"
        "（或 给定、设、满足、使得），或去掉它",
    ),
    "unsatisfiable": (
        "no numbers were found for which {found} holds; a derivation from what cannot be "
        "proves anything",
        "没有找到使 {found} 成立的数；从不可能成立的前提出发，什么都能“证明”",
    ),
    "unsatisfiable-with": (
        "no numbers were found for which {found} holds together with {others}; a derivation from "
        "what cannot be proves anything",
        "没有找到使 {found} 与 {others} 同时成立的数；从不可能成立的前提出发，什么都能“证明”",
    ),
    "contradictory": (
        "the bounds contradict each other: {found}",
        "这些界互相矛盾：{found}",
    ),
    "bound-claimed": (
        "{found}: a bound in the prose restricts a variable where a word says so ('let ${found}$', "
        "assume, given, with); of what is defined it is a claim, which is not verified: leave it out",
        "{found}：正文里的界只有由词语表明时才限制变量（“设 ${found}$”、假设、给定、满足）；"
        "对有定义的量它是一个断言，不作验证：请去掉它",
    ),
    "prose-case": (
        "a case in the prose, {found}, restricts nothing that follows; write it at the end of the "
        "row that it is about, \\quad \\text{{if }} …, or assume it for a block of its own: "
        "assume ${found}$",
        "正文里的情形 {found} 不会限制后文；请写在它所指那一行的末尾：\\quad \\text{{若 }} …，"
        "或另起一个推导块并写：假设 ${found}$",
    ),
    # indices and shapes
    "subscript-juxtaposed": (
        "{found} typesets with {index} on the line, not in the subscript; write {better}",
        "{found} 排出来时 {index} 不在下标里；请写 {better}",
    ),
    "rank": (
        "{found} has {given} of {wanted} indices; write {better}",
        "{found} 有 {given} 个下标，应有 {wanted} 个；请写 {better}",
    ),
    "index-range": (
        "the index {found} runs over {first} in one place and over {second} in another",
        "下标 {found} 在一处取遍 {first}，在另一处取遍 {second}",
    ),
    "index-unknown": (
        "nothing says what the index {found} runs over; declare it: ${found} = 1, \\dots, n$",
        "无从知道下标 {found} 的范围；请声明：${found} = 1, \\dots, n$",
    ),
    "index-collision": (
        "the index {found} is bound by {binder} and also used outside of it; rename the bound one, "
        "or put brackets around what the sum spans",
        "下标 {found} 既被 {binder} 约束，又在其外使用；请给约束下标换名，或用括号标明求和的范围",
    ),
    "range": (
        "{found} has {given} terms, but {index} runs over {wanted} values; write "
        "{index} = 1 … {wanted} or {index} = 0 … {wanted} - 1",
        "{found} 有 {given} 项，但 {index} 只取 {wanted} 个值；请写 {index} = 1 … {wanted} "
        "或 {index} = 0 … {wanted} - 1",
    ),
    "range-base": (
        "{found} leaves values of {index} out, and nothing says where counting starts; "
        "declare ${index} = 1, \\dots, {wanted}$",
        "{found} 没有取遍 {index} 的所有值，又无从知道从几开始数；请声明 "
        "${index} = 1, \\dots, {wanted}$",
    ),
    "literal-base": (
        "{found}: nothing says where counting starts; declare ${index} = 1, \\dots, {wanted}$",
        "{found}：无从知道从几开始数；请声明 ${index} = 1, \\dots, {wanted}$",
    ),
    "outside": (
        "{found} lies outside: the index runs from {first} to {last}",
        "{found} 越界：下标从 {first} 到 {last}",
    ),
    "free-index": (
        "the index {found} stands on the right side only; nothing on the left says which one is meant",
        "下标 {found} 只在右边出现，左边没有说明指的是哪一个",
    ),
    "shape": (
        "the shapes do not fit: {left} and {right} in {found}{hint}",
        "形状不相容：{found} 中是 {left} 与 {right}{hint}",
    ),
    "not-scalar": (
        "{found} must be a number here, but it has shape {left}{hint}",
        "{found} 在此处应是一个数，但它的形状是 {left}{hint}",
    ),
    "shape-unknown": (
        "nothing says how large {found} is; write {better}",
        "无从知道 {found} 的大小；请写 {better}",
    ),
    "transpose-or-power": (
        "{found}: T is declared as a number, so this may be a power or a transpose; "
        "write \\top for the transpose",
        "{found}：T 声明为一个数，这里可以是幂，也可以是转置；转置请写 \\top",
    ),
    "matrix-power": (
        "{found}: a power of a matrix or vector; write X \\odot X for entry by entry, X X for the product",
        "{found}：矩阵或向量的幂；逐元素请写 X \\odot X，矩阵乘积请写 X X",
    ),
    "slash": (
        "{found}: what is below the slash is not clear; write \\frac{{…}}{{…}} or brackets",
        "{found}：斜线下面到哪里为止不清楚；请写 \\frac{{…}}{{…}} 或加括号",
    ),
    "argument": (
        "{found}: where the argument ends is not clear; write brackets",
        "{found}：参数到哪里为止不清楚；请加括号",
    ),
    "dots-pattern": (
        "{found}: the terms around the dots do not differ in one running index",
        "{found}：省略号两侧的项并非只差一个递增的下标",
    ),
    "derivative-target": (
        "{found}: a derivative is taken with respect to a declared variable or one of its entries",
        "{found}：求导的对象应是已声明的变量或它的元素",
    ),
    "derivative-order": (
        "{found}: the orders above and below do not agree",
        "{found}：上下的阶数不一致",
    ),
    "derivative-function": (
        "{found}: this names a function; give it an argument",
        "{found}：这是一个函数，请写出参数",
    ),
    "unsupported": ("{found}: {why}", "{found}：{why}"),
    "own-fault": (
        "the verifier itself failed here ({why}, {where}); nothing is known of this row. Please "
        "report it, with the formula",
        "验证器自身在这里出错（{why}，{where}）；这一行没有得到验证。请连同公式一起报告",
    ),
    # rows
    "no-left": (
        "this row continues nothing: no readable side stands before it",
        "这一行没有可以接续的左边",
    ),
    "no-equation": (
        "this row states no equation; write =, or waive it: % unchecked: reason",
        "这一行没有等式；请写 =，或注明：% unchecked: 理由",
    ),
    "does-not-follow": (
        "left and right differ where {found} holds: it does not follow",
        "{found} 成立时左右两边仍不相等：推不出来",
    ),
    "divides": (
        "this divides by {found}, or inverts it, which may not be possible where {premise} holds; "
        "declare ${found} \\ne 0$, or a matrix as invertible: let ${found} \\in …$ be invertible",
        "这一行除以了 {found} 或取了它的逆，而 {premise} 成立时这未必可行；"
        "请声明 ${found} \\ne 0$，或声明矩阵可逆：设 ${found} \\in …$ 可逆",
    ),
    "one-sided": (
        "{found} has no value at numbers at which the other side has one: a root or logarithm meets "
        "a negative number; declare what is positive, $x > 0$, or write |x|",
        "有些数使 {found} 没有值而另一边有：根号或对数遇到了负数；"
        "请声明什么是正的，$x > 0$，或写 |x|",
    ),
    "not-equal": (
        "left and right differ",
        "左右不相等",
    ),
    "not-for-any": (
        "this holds only because of how {found} is defined, not for every {found}: either a mistake "
        "that an identity hides, or a \\because row that cites the fact is missing",
        "这一行只因 {found} 的定义才成立，对一般的 {found} 并不成立：要么是被恒等式掩盖的错误，"
        "要么缺一行引用该事实的 \\because",
    ),
    "not-defined": (
        "{found} has no definition here that a row could use; name what is defined by an equation",
        "{found} 在这里没有可以引用的定义；请写由等式定义的名字",
    ),
    "not-derived": (
        "right, but not derived yet: in one step this uses the definition of {found}. Say so at "
        "the row, \\text{{by definition of }} {found}, or cite the fact in a \\because row",
        "正确，但尚未推导：这一步直接用到 {found} 的定义。请在这一行写明："
        "\\text{{由 }} {found} \\text{{ 的定义}}，或用一行 \\because 引用该事实",
    ),
    "no-domain": (
        "no random instance was found at which both sides are defined: an index leaves its range, or "
        "a root or logarithm meets a negative number; declare what is positive, ${{x}} > 0$, and "
        "where an index starts and ends",
        "没有找到使左右两边都有定义的随机样例：或者有下标越界，或者对负数开了方、取了对数；请声明哪些量为正，"
        "例如 ${{x}} > 0$，以及下标从几到几",
    ),
    "code-differs": (
        "the formula and the code differ: {found}",
        "公式与代码不一致：{found}",
    ),
    "code-fails": (
        "the code {found} does not run: {why}",
        "代码 {found} 无法运行：{why}",
    ),
    "fence-fails": (
        "the code of this page does not run, so nothing can be compared with it: line {line}: {why}",
        "本页的代码无法运行，因此没有可以对照的结果：第 {line} 行：{why}",
    ),
    "no-reason": (
        "a waiver needs a reason: % unchecked: why",
        "豁免需要理由：% unchecked: 理由",
    ),
    "no-rows": (
        "this derivation has no rows: write them in a display formula",
        "这个推导没有任何行：请写在独立公式里",
    ),
    "misspelt-block": (
        "{found} opens no derivation; write /// derivation",
        "{found} 不是推导块的开头；请写 /// derivation",
    ),
    "misspelt-option": (
        "a derivation has no option {found}; the one there is: continues: true",
        "推导块没有选项 {found}；只有 continues: true",
    ),
    "unclosed-block": (
        "the block /// derivation is never closed: add a line ///",
        "/// derivation 块没有结束：请加一行 ///",
    ),
}

LANGUAGES = ("en", "zh")


def say(key: str, language: str, /, **values: Any) -> str:
    """The sentence `key` in `language` ("en" or "zh"; anything else reads as English)."""
    return SAID[key][language.startswith("zh")].format(**values)


@dataclass(frozen=True)
class Problem:
    """Why a row is not verified: a key of `SAID`, its values, and the place in the formula."""

    key: str
    values: dict[str, str] = field(default_factory=dict)
    start: int = -1
    end: int = -1

    def place(self, tex: str) -> str:
        r"""… p_i ▸\lim◂ q …: the place with a few characters around it; empty if it is all."""
        if self.start < 0 or not tex[self.start : self.end].strip():
            return ""
        before = " ".join(tex[: self.start].split())
        found = " ".join(tex[self.start : self.end].split())
        after = " ".join(tex[self.end :].split())
        if not before and not after:
            return ""
        before = "… " + before[-24:] if len(before) > 26 else before
        after = after[:24] + " …" if len(after) > 26 else after
        return f"{before} ▸{found}◂ {after}".strip()

    def text(self, language: str = "en") -> str:
        return say(self.key, language, **self.values)


def own_fault(error: Exception) -> Problem:
    """A fault of the verifier, with its place: it costs one row, and is said."""
    here = Path(__file__).parent
    where = "?"
    for frame in traceback.extract_tb(error.__traceback__):
        if Path(frame.filename).is_relative_to(here):
            where = f"{Path(frame.filename).relative_to(here).as_posix()}:{frame.lineno}"
    said = re.sub(r" object at 0x\w+", "", " ".join(str(error).split()))[:120]
    return Problem("own-fault", {"why": f"{type(error).__name__}: {said}", "where": where})


class Unreadable(Exception):  # noqa: N818  (what it says of a formula, not of the program)
    """A formula that is refused, with the place (offsets into its TeX) and advice."""

    def __init__(self, key: str, start: int = -1, end: int = -1, **values: Any) -> None:
        self.problem = Problem(key, {k: str(v) for k, v in values.items()}, start, end)
        super().__init__(self.problem.text())
