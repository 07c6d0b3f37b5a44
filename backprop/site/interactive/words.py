"""What readers see, in each language; one row a sentence. The page's script gets `PAGE` whole."""

from __future__ import annotations

from backprop.common.words import sayer

PAGE: dict[str, dict[str, str]] = {
    "run": {"en": "Run", "zh": "运行"},
    "stop": {"en": "Stop", "zh": "停止"},
    "reset": {"en": "As it was", "zh": "还原"},
    "check": {"en": "Check it", "zh": "检查"},
    "loading": {"en": "Fetching Python and numpy", "zh": "正在下载 Python 和 numpy"},
    "bytes": {
        "en": "Fetching Python and numpy, once: {done} of {all} MB",
        "zh": "正在下载 Python 和 numpy（只需一次）：{done} / {all} MB",
    },
    "starting": {"en": "Starting Python …", "zh": "正在启动 Python……"},
    "running": {"en": "Running …", "zh": "正在运行……"},
    "waiting": {
        "en": "Waiting until another run has ended …",
        "zh": "等待另一段代码运行结束……",
    },
    "slow": {
        "en": "It ran longer than {seconds} seconds and was stopped. Is there an endless loop?",
        "zh": "运行超过 {seconds} 秒，已停止。有没有死循环？",
    },
    "stopped": {"en": "Stopped.", "zh": "已停止。"},
    "offline": {
        "en": "Python could not be fetched. Are you online? Tap again to try once more.",
        "zh": "Python 下载失败。网络通吗？再点一次可以重试。",
    },
    "broken": {
        "en": "Python has crashed ({message}). The next run starts a fresh one.",
        "zh": "Python 崩溃了（{message}）。再运行一次会重新启动。",
    },
    "at_line": {"en": " ({where}, line {line})", "zh": "（{where}第 {line} 行）"},
    "traceback": {"en": "Traceback", "zh": "完整的报错信息"},
    "output": {"en": "Output", "zh": "输出"},
    "lost": {"en": "… and {count} characters more", "zh": "……还有 {count} 个字符"},
    "code": {"en": "Code", "zh": "代码"},
    "leave": {
        "en": "Control-Enter runs it; Escape, then Tab leaves the editor",
        "zh": "Ctrl-Enter 运行；先按 Escape 再按 Tab 离开编辑器",
    },
    "this_code": {"en": "this code", "zh": "这段代码"},
    "differs": {
        "en": "It ran; a result is another one than the page shows.",
        "zh": "运行完了；有的结果和本页显示的不一样。",
    },
    "silent": {"en": "It ran, and printed nothing.", "zh": "运行完了，没有输出。"},
    "ran": {"en": "It ran.", "zh": "运行完了。"},
    "forward": {"en": "forward", "zh": "forward "},
    "backward": {"en": "backward", "zh": "backward "},
    "right": {"en": "✓ Right: every gradient is right.", "zh": "✓ 正确：每个梯度都对。"},
    "wrong": {"en": "✗ Not right yet.", "zh": "✗ 还不对。"},
    "step_where": {"en": "Which line is wrong?", "zh": "哪一行错了？"},
    "step_hint": {"en": "A hint", "zh": "提示"},
    "step_fix": {"en": "What would be right", "zh": "正确的写法"},
    "step_notes": {"en": "Remarks ({count})", "zh": "备注（{count}）"},
    "step_derived": {
        "en": "The derived backward beside yours",
        "zh": "推导出的 backward 和你的对照",
    },
    "step_drawing": {"en": "The computation graph", "zh": "计算图"},
    "step_table": {"en": "Every variable", "zh": "每个变量"},
    "step_report": {"en": "The report as text", "zh": "文字报告"},
    "change_to": {"en": "This would be right:", "zh": "改成这样就对了："},
    "expected": {"en": "The derived backward has:", "zh": "推导出的 backward 写的是："},
    "own": {"en": "Yours", "zh": "你的"},
    "derived": {"en": "Derived", "zh": "推导的"},
    "verdict": {"en": "verdict", "zh": "结论"},
    "table": {"en": "Variables", "zh": "变量"},
    "change": {"en": "Change it", "zh": "改一改"},
    "shapes": {"en": "Shapes", "zh": "shape"},
    "values": {"en": "Values", "zh": "数值"},
    "draw": {"en": "Draw it", "zh": "重画"},
    "solve": {"en": "Try it", "zh": "动手试试"},
    "solved": {"en": "✓ Solved.", "zh": "✓ 做对了。"},
    "not_solved": {"en": "✗ Not right yet.", "zh": "✗ 还不对。"},
    "fill": {
        "en": "The gap is still there: put your lines in place of the three dots.",
        "zh": "空还没有填：把三个点换成你的代码。",
    },
    "step_line": {"en": "Which line?", "zh": "哪一行？"},
    "line_is": {"en": "Line {line}.", "zh": "第 {line} 行。"},
    "line_none": {"en": "No line is wrong; one is missing.", "zh": "没有哪一行是错的，缺了一行。"},
    "step_what": {"en": "What is wrong?", "zh": "错在哪里？"},
}

SITE: dict[str, dict[str, str]] = {
    "title": {"en": "Hand it in", "zh": "交作业"},
    "description": {
        "en": "Write a backward of your own and have it checked here, in your browser: which line is the first wrong one, and why.",
        "zh": "写一个你自己的 backward，就在浏览器里检查：第一个出错的是哪一行，错在哪里。",
    },
    "lead": {
        "en": "Write a forward and a backward in numpy, say which shapes the arguments have, and learn whether the backward is right. If it is not, the verdict opens step by step: the first wrong line, a hint, what would be right.",
        "zh": "用 numpy 写一个 forward 和一个 backward，说明参数的 shape，就能知道 backward 对不对。如果不对，结论会一步一步打开：第一个出错的行、提示、正确的写法。",
    },
    "private": {
        "en": "Everything runs in your browser. Python and numpy come with the first check ({size} MB, once); your code is not sent anywhere. The address of this page holds the code, so it can be shared.",
        "zh": "一切都在你的浏览器里运行。第一次检查时会下载 Python 和 numpy（{size} MB，只需一次）；你的代码不会发送到任何地方。这个页面的地址里就有代码，可以直接分享。",
    },
    "still": {
        "en": "In this browser, or in this copy of the site, the code cannot run on the page. On your own computer it is one command:",
        "zh": "在这个浏览器里，或者在网站的这个副本里，代码不能在网页上运行。在自己的电脑上只要一条命令：",
    },
    "example": {"en": "Start from", "zh": "从例子开始"},
    "right_example": {"en": "{name}, right", "zh": "{name}，正确的"},
    "wrong_example": {"en": "{name}, with a mistake", "zh": "{name}，有一个错"},
    "forward_label": {"en": "Forward", "zh": "Forward"},
    "backward_label": {"en": "Backward", "zh": "Backward"},
    "arguments": {"en": "Arguments of the forward", "zh": "forward 的参数"},
    "arguments_help": {
        "en": "As on the command line: x=5x4 is a random array, y=int:5<3 are random integers, p=0.5 is a number.",
        "zh": "和命令行一样：x=5x4 是随机数组，y=int:5<3 是随机整数，p=0.5 是一个数。",
    },
    "answer": {"en": "Verdict", "zh": "结论"},
    "link": {
        "en": "Wrote a backward of your own? Hand it in",
        "zh": "自己写了一个 backward？交上来检查",
    },
    "done": {"en": "{done} of {total} exercises solved", "zh": "练习 {done} / {total}"},
    "forget": {
        "en": "Forget which exercises I solved (only this browser knows)",
        "zh": "忘掉我做过的练习（只记在这个浏览器里）",
    },
    "sorry": {
        "en": "This could not be fetched. Are you online?",
        "zh": "下载失败。网络通吗？",
    },
}

say = sayer(SITE | PAGE)
