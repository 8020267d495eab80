"""Leads who has no mouse into the questions that destructive steps ask, out of them, and on from what goes away.

The button that does it has the focus, Escape presses the one that says no, and afterwards whoever opened the question
has the focus again, or what stands in its place. Whatever else had the focus and is gone hands it to the page's main
part, not to nothing. Questions are seen as they come: most stand in rows of a list, where Reflex runs nothing as
something is mounted.
"""

WATCH = """() => {
  if (window.watchesQuestions) return;
  window.watchesQuestions = true;
  const button = "button:not(:disabled)", inside = (part) => part && part.querySelector(button);
  const there = (part) => part && part.matches(button) ? part : inside(part);
  const main = () => document.querySelector("main")?.focus({preventScroll: true});
  let open = [], last = document.body;
  const begin = (asked) => {
    const opener = document.activeElement, place = asked.parentElement, at = [...place.children].indexOf(asked);
    asked.dataset.asked = "yes";
    asked.onkeydown = (event) => { if (event.key === "Escape") asked.querySelector(".row").lastElementChild.click(); };
    inside(asked)?.focus();
    open.push({asked, opener, place, at});
  };
  const end = ({opener, place, at}) => {
    if (document.activeElement !== document.body) return;
    const again = opener !== document.body && opener.isConnected && opener;
    const beside = place.isConnected && (there(place.children[at]) || inside(place));
    if (again || beside) (again || beside).focus();
    else main();
  };
  document.addEventListener("focusin", (event) => { last = event.target; });
  new MutationObserver(() => {
    const over = open.filter((one) => !one.asked.isConnected);
    open = open.filter((one) => one.asked.isConnected);
    document.querySelectorAll(".confirm:not([data-asked])").forEach(begin);
    over.forEach(end);
    if (document.activeElement === document.body && !last.isConnected) main();
  }).observe(document.body, {childList: true, subtree: true});
}"""
"""The function of JavaScript that does it, once for all pages of a tab."""
