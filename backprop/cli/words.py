"""What is wrong with the arguments on a command line or in the page, in each language."""

from backprop.common.words import sayer

WORDS = {
    "no_argument": {
        "en": "{item!r} is no argument; write NAME=VALUE, such as {example}",
        "zh": "{item!r} 不是参数；要写“名字=值”，比如 {example}",
    },
    "no_parameter": {
        "en": "{function} has no parameter `{name}`; it has {parameters}",
        "zh": "{function} 没有参数 `{name}`；它的参数是 {parameters}",
    },
    "twice": {
        "en": "`{name}` is given twice: {first} and {second}",
        "zh": "`{name}` 给了两次：{first} 和 {second}",
    },
    "missing": {
        "en": "{function} needs `{name}`: add {name}=5x4 (a shape); a command line has --help",
        "zh": "{function} 还需要 `{name}`：加上 {name}=5x4（一个 shape）；命令行里可以看 --help",
    },
    "no_bound": {
        "en": "{name}={text}: integers need a bound, such as {name}=int:5<10",
        "zh": "{name}={text}：整数要有上限，比如 {name}=int:5<10",
    },
    "bound": {
        "en": "{name}={text}: only int has a bound, such as {name}=int:5<10",
        "zh": "{name}={text}：只有 int 才有上限，比如 {name}=int:5<10",
    },
    "no_shape": {
        "en": "{name}: {text!r} is no shape; write {name}={example}",
        "zh": "{name}：{text!r} 不是 shape；要写 {name}={example}",
    },
    "too_large": {
        "en": "{name}={text}: there is not enough memory for that; write smaller lengths",
        "zh": "{name}={text}：内存不够；把长度改小一些",
    },
    "too_many": {
        "en": "{name}={text}: numpy cannot make that ({error}); write smaller lengths",
        "zh": "{name}={text}：numpy 做不出来（{error}）；把长度改小一些",
    },
    "no_file": {
        "en": "{name}=@{place}: there is no file {place}",
        "zh": "{name}=@{place}：没有文件 {place}",
    },
    "no_array": {
        "en": "{name}=@{place}: not a .npy file that holds an array ({error})",
        "zh": "{name}=@{place}：不是存着一个数组的 .npy 文件（{error}）",
    },
    "archive": {
        "en": "{name}=@{place}: an .npz archive; save one array with np.save",
        "zh": "{name}=@{place}：这是 .npz 文件；请用 np.save 只存一个数组",
    },
    "not_understood": {
        "en": (
            "{name}={text}: not understood; write a shape ({name}=5x4), a file "
            "({name}=@{name}.npy), integers ({name}=int:5<10), a number ({name}=0.5) "
            'or JSON ({name}=\'{{"mode": "train"}}\')'
        ),
        "zh": (
            "{name}={text}：看不懂；可以写 shape（{name}=5x4）、文件（{name}=@{name}.npy）、"
            "整数（{name}=int:5<10）、一个数（{name}=0.5）"
            '或者 JSON（{name}=\'{{"mode": "train"}}\'）'
        ),
    },
}

say = sayer(WORDS)
