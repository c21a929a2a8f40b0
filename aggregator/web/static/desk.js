// Live updates and keys. Every page works without this file.
"use strict";

(() => {
  const box = () => document.getElementById("stories");
  const links = () => [...document.querySelectorAll("#stories h3 a")];
  const told = document.getElementById("news");
  let waiting = false;
  let again = false;

  const titles = (root) => new Map([...root.querySelectorAll("h3 a")].map((a) => [a.pathname, a.textContent]));

  async function refresh() {
    if (waiting) {
      again = true;
      return;
    }
    waiting = true;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" }, redirect: "error" });
      const fresh = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("stories");
      const old = box();
      if (fresh && old && fresh.textContent !== old.textContent) {
        const before = titles(old);
        const added = [...titles(fresh).keys()].filter((path) => !before.has(path)).length;
        const focused = old.contains(document.activeElement) ? document.activeElement.pathname : null;
        old.replaceWith(document.adoptNode(fresh));
        if (focused) {
          links().find((a) => a.pathname === focused)?.focus({ preventScroll: true });
        }
        if (told) {
          const say = document.body.dataset;
          told.textContent = added ? (added === 1 ? say.newOne : say.newMany.replace("#", added)) : say.renewed;
        }
      }
    } catch {
      // the server is away: the stream tells when it is back
    } finally {
      setTimeout(() => {
        waiting = false;
        if (again) {
          again = false;
          refresh();
        }
      }, 4000);
    }
  }

  if (document.body.dataset.live && "EventSource" in window) {
    new EventSource("/changes").addEventListener("changed", refresh);
  }

  function step(by) {
    const all = links();
    if (!all.length) {
      return;
    }
    let at = all.indexOf(document.activeElement);
    if (at < 0) {
      at = all.findIndex((a) => a.getAttribute("aria-current"));
    }
    const next = all[Math.min(Math.max(at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by, 0), all.length - 1)];
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) {
      return;
    }
    if (event.key === "j") {
      step(1);
    } else if (event.key === "k") {
      step(-1);
    } else if (event.key === "/") {
      const field = document.querySelector("input[type=search]");
      if (field) {
        event.preventDefault();
        field.focus();
      }
    }
  });
})();
