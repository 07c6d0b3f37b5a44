/* What pages can do only with a script: hover notes, boxes that scroll within reach of the
   keyboard, buttons that are buttons, and telling what instant navigation has opened. Every page
   is complete without it. */
;(function () {
  "use strict"
  var words = /*words*/{}
  var root = document.documentElement

  /* ── what stays as it is while Material starts and changes pages ── */

  /* Material writes the address of every link anew when it starts, and changes the links of the
     head with the page. For a stylesheet that means to load it again and to lay out everything
     again. All pages have the same one, so it stays. For the same reason the page has a
     <meta name="color-scheme"> from the beginning, and Material need not bring one. */
  var sheet = document.querySelector("link[rel=stylesheet][href*='assets/backprop/site.']")
  var meta = document.querySelector("meta[name=color-scheme]")
  var append = document.head.appendChild
  if (sheet) {
    var address = sheet.href
    Object.defineProperty(sheet, "href", {get: function () { return address }, set: function () {}})
    sheet.remove = function () {}
  }
  document.head.appendChild = function (node) {
    if (sheet && node.nodeName === "LINK" && node.rel === "stylesheet" && node.href === address
      || meta && node.nodeName === "META" && node.name === "color-scheme") return node
    return append.call(document.head, node)
  }

  /* Scroll bars follow the colours that the reader chose, if they are not the system's. */
  function colours() {
    var dark = document.body.dataset.mdColorScheme === "slate"
    var wanted = dark === matchMedia("(prefers-color-scheme: dark)").matches
      ? "light dark" : dark ? "dark" : "light"
    if (meta && meta.content !== wanted) meta.content = wanted
  }
  new MutationObserver(colours)
    .observe(document.body, {attributes: true, attributeFilter: ["data-md-color-scheme"]})

  /* ── boxes that scroll sideways: reachable by keyboard as long as they are too narrow ── */

  /* Material takes them out of reach where nothing hovers, and whoever has just come to one would
     lose it. */
  var remove = Element.prototype.removeAttribute
  function keep(name) {
    if (name !== "tabindex" || !this.hasAttribute("data-bp-wide")) remove.call(this, name)
  }

  var BOXES = ".md-typeset pre > code, .md-typeset__scrollwrap, .bp-scroll, .bp-made"

  /* Code that is far away has no width of its own until it comes near: by its longest line. */
  function isWide(box) {
    var first = box.dataset.columns && box.firstElementChild
    if (!first || first.checkVisibility({contentVisibilityAuto: true})) {
      return box.scrollWidth > box.clientWidth + 1
    }
    var style = getComputedStyle(box)
    var room = box.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight)
    return box.dataset.columns * parseFloat(style.fontSize) * 0.6 > room
  }

  function reach(box) {
    /* Material puts the buttons of each code block into a landmark of its own. */
    var nav = box.parentNode.querySelector(":scope > .md-code__nav")
    if (nav) nav.setAttribute("role", "none")
    var wide = isWide(box)
    var marked = box.hasAttribute("data-bp-wide")
    if (wide && !marked && box.tabIndex < 0) {
      box.setAttribute("data-bp-wide", "")
      box.removeAttribute = keep
      box.tabIndex = 0
      box.setAttribute("role", "group")
      var what = box.matches(".md-typeset__scrollwrap") ? words.table : words.code
      box.setAttribute("aria-label", what + " (" + words.scroll + ")")
    } else if (!wide && marked) {
      ["data-bp-wide", "tabindex", "role", "aria-label"].forEach(function (name) {
        box.removeAttribute(name)
      })
    }
  }

  var watch = new ResizeObserver(function (entries) {
    entries.forEach(function (entry) { reach(entry.target) })
  })

  document.addEventListener("contentvisibilityautostatechange", function (event) {
    if (!event.skipped && event.target.matches(BOXES)) reach(event.target)
  })

  /* Material's search waits for a key; what is pasted with the mouse, or dictated, comes without. */
  document.addEventListener("input", function (event) {
    if (event.target.matches(".md-search__input")) event.target.dispatchEvent(new Event("keyup"))
  })

  /* ── notes: the target of a link within the page, shown beside the link ── */

  var note = null, owner = null, timer = 0

  function target(link) {
    if (!link.hash || link.hash === "#" || link.pathname !== location.pathname) return null
    if (!link.closest(".md-content") || link.matches(".headerlink, .footnote-backref")) return null
    var found = document.getElementById(decodeURIComponent(link.hash.slice(1)))
    if (!found || !found.closest(".md-content") || found.contains(link)) return null
    if (found.matches("li") && found.closest(".footnote")) return found
    var formula = found.closest("mjx-container[display]")
    if (formula && !formula.contains(link)) return formula
    return found.closest("figure, .bp-graph, .admonition, details")
  }

  function close() {
    clearTimeout(timer)
    if (note) note.remove()
    if (owner) owner.removeAttribute("aria-describedby")
    note = owner = null
  }

  function open(link) {
    if (owner === link) return
    var source = target(link)
    close()
    if (!source) return
    note = document.createElement("div")
    note.id = "__bp_note"
    note.className = "bp-note md-typeset"
    note.setAttribute("role", "note")
    note.setAttribute("aria-label", words.note)
    if (source.matches("li")) note.append.apply(note, source.cloneNode(true).childNodes)
    else note.append(source.cloneNode(true))
    note.querySelectorAll("[id], [for]").forEach(function (node) {
      node.removeAttribute("id")
      node.removeAttribute("for")
    })
    note.querySelectorAll(".footnote-backref").forEach(function (node) { node.remove() })
    note.firstElementChild.classList.add("bp-note-first")
    note.lastElementChild.classList.add("bp-note-last")
    owner = link
    link.setAttribute("aria-describedby", note.id)
    document.querySelector("main").append(note)
    place()
    note.addEventListener("pointerleave", later)
    note.addEventListener("pointerenter", function () { clearTimeout(timer) })
  }

  function place() {
    var at = owner.getClientRects()[0] || owner.getBoundingClientRect()
    var box = note.getBoundingClientRect()
    var gap = 6, edge = 12
    var left = Math.min(at.left, root.clientWidth - box.width - edge)
    var above = at.top - gap - box.height
    var top = above > 70 || at.bottom + gap + box.height > innerHeight && above > 0
      ? above : at.bottom + gap
    note.style.left = Math.max(edge, left) + scrollX + "px"
    note.style.top = top + scrollY + "px"
  }

  function later() {
    clearTimeout(timer)
    timer = setTimeout(close, 250)
  }

  function link(event) {
    return event.target instanceof Element ? event.target.closest("a[href]") : null
  }

  document.addEventListener("pointerover", function (event) {
    var found = event.pointerType === "mouse" && link(event)
    if (!found || found.closest(".bp-note") || !target(found)) return
    clearTimeout(timer)
    timer = setTimeout(function () { open(found) }, owner ? 0 : 120)
    found.addEventListener("pointerleave", later, {once: true})
  })
  document.addEventListener("focusin", function (event) {
    if (note && note.contains(event.target)) return
    var found = link(event)
    if (found && found.matches(":focus-visible") && target(found)) open(found)
    else if (owner && event.target !== owner) close()
  })
  /* Safari tells a page of taps, and lets `:hover` follow them, only where somebody listens. */
  document.addEventListener("touchstart", function () {}, {passive: true})
  /* A first tap shows the note, a second one on the same link follows it. */
  var touched = false
  document.addEventListener("pointerdown", function (event) {
    touched = event.pointerType === "touch"
    if (note && !note.contains(event.target) && link(event) !== owner) close()
  })
  document.addEventListener("click", function (event) {
    var found = link(event)
    if (!found || found.closest(".bp-note") || !target(found)) return
    if (touched && owner !== found) {
      event.preventDefault()
      event.stopPropagation()
      open(found)
    } else close()
  }, true)
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") return
    close()
    var drawer = document.getElementById("__drawer")
    if (drawer && drawer.checked) {
      drawer.click()
      var button = document.querySelector("label[for=__drawer] > .bp-press")
      if (button) button.focus()
    }
  })
  addEventListener("resize", close)

  /* ── labels that work as buttons ── */

  document.querySelectorAll("label.md-header__button[for=__drawer], label.md-header__button[for=__search]")
    .forEach(function (label) {
      var box = document.getElementById(label.htmlFor)
      if (!box) return
      var button = document.createElement("button")
      function tell() { button.setAttribute("aria-expanded", box.checked) }
      button.type = "button"
      button.className = "bp-press"
      button.setAttribute("aria-label", label.htmlFor === "__drawer" ? words.menu : words.search)
      button.append.apply(button, label.childNodes)
      button.addEventListener("click", function (event) {
        box.click()
        /* detail is 0 where a key was pressed */
        if (event.detail || label.htmlFor !== "__drawer" || !box.checked) return
        var first = document.querySelector(".md-sidebar--primary a[href]")
        if (first) first.focus()
      })
      box.addEventListener("change", tell)
      label.append(button)
      tell()
    })

  /* ── what is folded is printed too; where a link leads, if it leads elsewhere ── */

  var folded = []
  addEventListener("beforeprint", function () {
    close()
    folded = Array.from(document.querySelectorAll(".md-content details:not([open])"))
    folded.forEach(function (details) { details.open = true })
    document.querySelectorAll(".md-content a[href]").forEach(function (link) {
      link.toggleAttribute("data-bp-own", link.origin === location.origin)
    })
  })
  addEventListener("afterprint", function () {
    folded.forEach(function (details) { details.open = false })
  })

  /* ── every page, the first and those of instant navigation ── */

  var said = document.createElement("div")
  said.className = "bp-announce"
  said.setAttribute("role", "status")
  ;(document.querySelector("header") || document.body).append(said)
  var first = true

  function start() {
    colours()
    if (!first) {
      close()
      said.textContent = document.title
    }
    first = false
    watch.disconnect()
    /* Material wraps tables when it starts, in its own turn. */
    requestAnimationFrame(function () {
      document.querySelectorAll(BOXES).forEach(function (box) {
        watch.observe(box)
      })
    })
  }

  /* Where the reader's first move starts Material, the button that it will show is there before. */
  function button() {
    var inputs = Array.from(document.querySelectorAll("input[name=__palette]"))
    var labels = inputs.map(function (input) { return input.nextElementSibling })
    if (!labels.length || labels.some(function (label) { return !label || !label.hidden })) return
    var chosen = typeof __md_get === "function" && __md_get("__palette")
    var index = chosen ? chosen.index : Math.max(0, inputs.findIndex(function (input) {
      return matchMedia(input.dataset.mdColorMedia).matches
    }))
    if (labels[index]) labels[index].hidden = false
  }

  function begin() {
    if (typeof document$ !== "undefined") return document$.subscribe(start)
    button()
    start()
    document.addEventListener("bp-material", function () {
      first = true
      document$.subscribe(start)
    }, {once: true})
  }

  if (document.readyState === "complete") begin()
  else document.addEventListener("DOMContentLoaded", begin)
})()
