/* Follows the page that is open: reloads it when it has changed, and keeps the list of faults that
   `mkdocs serve` shows above it. A tab that nobody sees asks nothing. */
;(function () {
  "use strict"
  var script = document.currentScript
  var epoch = Number(script.dataset.epoch)
  var version = Number(script.dataset.version)
  var waiting = document.getElementById("bp-waiting")
  var asked = null
  var timer = 0

  function ask() {
    clearTimeout(timer)
    asked = new AbortController()
    var address = "/.backprop/state?epoch=" + epoch + "&version=" + version +
      "&lang=" + document.documentElement.lang + (waiting ? "&waiting=1" : "") +
      "&path=" + encodeURIComponent(location.pathname)
    fetch(address, {signal: asked.signal, cache: "no-store"})
      .then(function (answer) { return answer.json() })
      .then(hear)
      .catch(function () { if (!document.hidden) timer = setTimeout(ask, 500) })
  }
  function hear(state) {
    if (state.reload) {
      location.reload()
      return
    }
    epoch = state.epoch
    if (state.version !== version) {
      version = state.version
      var notice = document.getElementById("bp-notice")
      if (notice) notice.innerHTML = state.html
    }
    if (waiting && state.total) {
      var bar = waiting.querySelector("progress")
      bar.max = state.total
      bar.value = state.done
      waiting.querySelector("span").textContent = state.progress
    }
    timer = setTimeout(ask, 0)
  }
  function stop() {
    clearTimeout(timer)
    if (asked) asked.abort()
  }

  if (!document.hidden) ask()
  document.addEventListener("visibilitychange", function () {
    stop()
    if (!document.hidden) ask()
  })
  addEventListener("pagehide", stop)
  addEventListener("pageshow", function (event) { if (event.persisted) ask() })
})()
