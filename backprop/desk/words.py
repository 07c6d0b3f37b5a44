"""What the answers say, in each language; one row a sentence."""

from backprop.common.words import sayer

WORDS = {
    "no_input": {
        "en": "Nobody can be asked here: write the value into the code.",
        "zh": "这里没有人可以回答：把值直接写进代码里。",
    },
    "no_memory": {
        "en": "The page has less memory than this needs: try smaller shapes.",
        "zh": "网页里的内存不够：把 shape 改小一些。",
    },
    "no_package": {
        "en": "This page has Python, numpy and backprop, and no other package.",
        "zh": "这个网页里只有 Python、numpy 和 backprop，没有别的包。",
    },
    "no_network": {
        "en": "Code on this page has no network: nothing is fetched, and nothing is sent.",
        "zh": "网页里的代码没有网络：什么都不会下载，也什么都不会发出去。",
    },
    "alone": {
        "en": "Code runs alone in this page: it begins no thread, no other program, no event loop.",
        "zh": "网页里的代码独自运行：不能开线程，不能启动别的程序，也没有事件循环。",
    },
    "no_function": {
        "en": "There is no function in here yet: write {example}",
        "zh": "这里还没有函数：写一个 {example}",
    },
    # What the package itself says is English.
    "TraceError": {
        "en": "TraceError: {message}",
        "zh": "TraceError（从这个函数得不到计算图；原文是英文）：{message}",
    },
    "RuleError": {
        "en": "RuleError: {message}",
        "zh": "RuleError（有一种运算没有 backward；原文是英文）：{message}",
    },
    "KinkError": {
        "en": "KinkError: {message}",
        "zh": "KinkError（在这一点没有导数；原文是英文）：{message}",
    },
    "before": {
        "en": "This happened in an earlier piece of code of the page.",
        "zh": "错误出在这一页前面的代码里。",
    },
    "no_figures": {
        "en": "Figures need matplotlib, which this page does not load.",
        "zh": "画图需要 matplotlib，这个网页不加载它。",
    },
    "no_call": {
        "en": "Write the call of a function, such as {example}.",
        "zh": "写一个函数调用，比如 {example}。",
    },
}

say = sayer(WORDS)
