/* Keeps Material's language switcher right after instant navigation, which replaces the page but
   not the header. Without this script, and without any script, the links are right on every page
   that the browser loaded. */
;(function () {
  "use strict"
  /* Material takes every link[rel=alternate] for the home of another copy of this site: it fetches
     a sitemap beside it, from the published host even while the site is only tried out, and then
     bends links that begin with its address. Ours are single pages and feeds. So they do not match
     while Material looks, which it does whenever a document is complete. */
  var head = document.head
  function set(links, rel) {
    links.forEach(function (link) { link.rel = rel })
  }
  function hide(root) {
    set(root.querySelectorAll("link[rel=alternate]"), "alternate nofetch")
  }
  function show() {
    set(head.querySelectorAll("link[rel='alternate nofetch']"), "alternate")
  }
  function begin() {
    hide(head)
    var append = head.appendChild
    head.appendChild = function (node) {
      if (node.nodeName === "LINK" && node.rel === "alternate") node.rel = "alternate nofetch"
      return append.call(head, node)
    }
  }

  /* A reader who switches stays where they are. Sections have other names in other languages, but
     the same order, so the address says the number of the section; what is no section, such as a
     step of a figure, has one name in all of them. */
  function sections() {
    return Array.from(document.querySelectorAll(".md-content :is(h1, h2, h3, h4, h5, h6)"))
  }
  function arrive() {
    var number = /^#:(\d+)$/.exec(location.hash)
    var section = number && sections()[Number(number[1])]
    if (!section) return
    history.replaceState(history.state, "", section.id ? "#" + section.id : location.pathname)
    section.scrollIntoView()
  }
  document.addEventListener("click", function (event) {
    var link = event.target instanceof Element && event.target.closest("header a[hreflang]")
    if (!link) return
    link.hash = ""
    var named = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)))
    if (named) link.hash = sections().includes(named) ? "#:" + sections().indexOf(named) : location.hash
  }, true)
  arrive()
  addEventListener("hashchange", arrive)

  function renew() {
    show()
    arrive()
    document.querySelectorAll("header a[hreflang]").forEach(function (link) {
      var tag = "[hreflang='" + link.hreflang + "']"
      var page = head.querySelector("link[rel=alternate][data-href]" + tag)
      var home = document.querySelector(".bp-untranslated a" + tag)
      if (page) link.href = new URL(page.dataset.href, location.href).href
      else if (home) link.href = home.href
    })
  }
  function follow() { document$.subscribe(renew) }

  /* Where the plugin backprop/pages starts Material later, it says so before and after. */
  if (window.document$) {
    begin()
    follow()
  } else {
    document.addEventListener("bp-before-material", begin, {once: true})
    document.addEventListener("bp-material", follow, {once: true})
  }
})()
