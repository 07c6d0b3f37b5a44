/* An editor for Python. It stands in a shadow root: there its styles need no permission of the
   page's policy, and the page's styles leave it alone. */
import { EditorState, StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, keymap, lineNumbers, drawSelection } from "@codemirror/view";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { HighlightStyle, bracketMatching, indentUnit, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { python } from "@codemirror/lang-python";
import { tags } from "@lezer/highlight";

const mark = StateEffect.define(); // the number of a line, or 0, and how it is marked
const marked = StateField.define({
  create: () => Decoration.none,
  update(now, transaction) {
    if (transaction.docChanged) now = Decoration.none; // it is another line now
    for (const effect of transaction.effects) {
      if (!effect.is(mark)) continue;
      const { line, kind } = effect.value;
      if (line < 1 || line > transaction.state.doc.lines) now = Decoration.none;
      else now = Decoration.set([
        Decoration.line({ class: `cm-${kind}` }).range(transaction.state.doc.line(line).from),
      ]);
    }
    return now;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const v = (name, otherwise) => `var(--md-code-hl-${name}-color, ${otherwise})`;
const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier], color: v("keyword", "#3f6ec6") },
  { tag: [tags.string, tags.special(tags.string)], color: v("string", "#1c7d4d") },
  { tag: [tags.number, tags.bool, tags.null], color: v("number", "#d52a2a") },
  { tag: tags.comment, color: v("comment", "#0000008a") },
  { tag: [tags.function(tags.variableName), tags.definition(tags.variableName)], color: v("function", "#a846b9") },
]);

const look = EditorView.theme({
  "&": {
    color: "var(--md-code-fg-color, #36464e)",
    backgroundColor: "var(--md-code-bg-color, #f5f5f5)",
    fontSize: "var(--bp-code-size, .8rem)",
    borderRadius: ".2rem",
  },
  ".cm-content, .cm-gutters": { fontFamily: "var(--md-code-font-family, ui-monospace, monospace)", lineHeight: "1.5" },
  ".cm-content": { caretColor: "var(--md-code-fg-color, #36464e)" },
  ".cm-cursor": { borderLeftColor: "var(--md-code-fg-color, #36464e)" },
  ".cm-gutters": { backgroundColor: "transparent", border: "none", color: "var(--md-default-fg-color--light, #0000008a)" },
  ".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground":
    { backgroundColor: "var(--bp-selection, #7aa7ff55)" },
  "&.cm-focused": { outline: "2px solid var(--md-accent-fg-color, #00796b)", outlineOffset: "1px" },
  ".cm-wrong": { backgroundColor: "var(--bp-wash, #b3261e22)", boxShadow: "inset 3px 0 var(--bp-bad, #b3261e)" },
  ".cm-scroller": { overflow: "auto" },
});

/** An editor in the element `host`: `{text, mark(line), focus(at)}`. */
export function editor(host, { text, label, onChange = () => {}, onRun = () => {}, help = "" }) {
  const root = host.shadowRoot || host.attachShadow({ mode: "open" });
  root.replaceChildren();
  // Keys that mean something on the page, such as / and f for the search, are letters in here.
  host.addEventListener("keydown", (event) => event.stopPropagation());
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        keymap.of([
          { key: "Mod-Enter", run: () => (onRun(), true) },
          // Escape, then Tab leaves the editor, as CodeMirror's users know it.
          ...historyKeymap, ...defaultKeymap, indentWithTab,
        ]),
        // A box that scrolls sideways is out of reach of the keyboard; and a phone is narrow.
        EditorView.lineWrapping,
        history(), lineNumbers(), drawSelection(), indentOnInput(), bracketMatching(),
        indentUnit.of("    "), EditorState.tabSize.of(4),
        python(), syntaxHighlighting(colours), look, marked,
        EditorView.contentAttributes.of({
          "aria-label": help ? `${label}. ${help}` : label,
          autocapitalize: "off", autocorrect: "off", spellcheck: "false",
        }),
        EditorView.updateListener.of((update) => update.docChanged && onChange()),
      ],
    }),
  });
  return {
    view,
    get text() {
      return view.state.doc.toString();
    },
    set text(value) {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: value } });
    },
    mark(line, kind = "wrong") {
      const effects = [mark.of({ line: line || 0, kind })];
      if (line >= 1 && line <= view.state.doc.lines) {
        effects.push(EditorView.scrollIntoView(view.state.doc.line(line).from, { y: "nearest" }));
      }
      view.dispatch({ effects });
    },
    focus(at = view.state.selection.main.head) {
      view.dispatch({ selection: { anchor: at } });
      view.focus();
    },
  };
}
