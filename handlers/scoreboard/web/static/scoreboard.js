// The scoreboard's one script: the theme that a reader chose, and new numbers without a reload.
// Everything works without it; then a reload brings what is new.
"use strict";

(() => {
  const root = document.documentElement;
  const KEY = "baton-theme";
  const THEMES = ["system", "light", "dark"];
  const WORDS = { system: "Theme: auto", light: "Theme: light", dark: "Theme: dark" };
  const QUIET_MS = 1500; // between two updates; a busy log would else reload all the time
  const SHARE = 8; // and so many times as long as the last one took, whatever the load
  const RETRY_MS = 5000;
  const FOCUSABLE = "a[href], button, input, select, summary, [tabindex]";

  const kept = () => {
    try {
      const found = localStorage.getItem(KEY);
      return THEMES.includes(found) ? found : "system";
    } catch {
      return "system"; // storage may be forbidden
    }
  };

  const wear = (theme) => {
    if (theme === "system") root.removeAttribute("data-theme");
    else root.dataset.theme = theme;
    const word = document.querySelector("[data-theme-word]");
    if (word) word.textContent = WORDS[theme];
  };

  const offerThemes = () => {
    const button = document.querySelector("[data-theme-toggle]");
    if (!button) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      const next = THEMES[(THEMES.indexOf(kept()) + 1) % THEMES.length];
      try {
        localStorage.setItem(KEY, next);
      } catch {
        // it holds until the next page then
      }
      wear(next);
    });
  };

  const foldMenu = () => {
    const menu = document.querySelector("[data-menu]");
    const narrow = matchMedia("(max-width: 56rem)");
    const fold = () => {
      if (menu) menu.open = !narrow.matches;
    };
    fold();
    narrow.addEventListener("change", fold);
  };

  // Every cell by its table, row and column, to see which of them changed.
  const cells = (region) => {
    const found = new Map();
    for (const table of region.querySelectorAll("section[id] table"))
      for (const row of table.tBodies[0]?.rows ?? [])
        [...row.cells].forEach((cell, column) => {
          const key = [table.closest("section").id, row.cells[0].textContent, column].join("\n");
          found.set(key, cell);
        });
    return found;
  };

  // What a reader opened stays open, where they stand stays: only what changed is put in.
  const swap = (now, next) => {
    if (now.isEqualNode(next)) return false;
    const before = new Map([...cells(now)].map(([key, cell]) => [key, cell.textContent]));
    const open = new Set([...now.querySelectorAll("details[open][id]")].map((one) => one.id));
    const scrolled = new Map(
      [...now.querySelectorAll(".scroll")].map((one) => [one.ariaLabel, one.scrollLeft]),
    );
    const focused = now.contains(document.activeElement) ? document.activeElement : null;
    const where = focused && [...now.querySelectorAll(FOCUSABLE)].indexOf(focused);
    const href = focused && focused.getAttribute("href");
    now.replaceChildren(...next.childNodes);
    for (const one of now.querySelectorAll("details[id]")) if (open.has(one.id)) one.open = true;
    for (const one of now.querySelectorAll(".scroll"))
      one.scrollLeft = scrolled.get(one.ariaLabel) ?? 0;
    if (focused) {
      const there = [...now.querySelectorAll(FOCUSABLE)];
      const again = there.find((one) => href && one.getAttribute("href") === href) ?? there[where];
      again?.focus({ preventScroll: true });
    }
    for (const [key, cell] of cells(now))
      if (before.has(key) && before.get(key) !== cell.textContent) cell.classList.add("fresh");
    return true;
  };

  const follow = () => {
    const regions = () => [...document.querySelectorAll("[data-live]")];
    if (!regions().length) return;
    const announce = document.querySelector("[data-announce]");
    let waiting = false;
    let again = false;

    const state = (name, word) => {
      const shown = document.querySelector("[data-live-state]");
      if (!shown) return;
      shown.dataset.state = name;
      shown.textContent = word;
    };

    const update = async () => {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      if (!answer.ok) throw new Error(`the page answered ${answer.status}`);
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      let changed = false;
      for (const now of regions()) {
        const next = fresh.querySelector(`[data-live="${CSS.escape(now.dataset.live)}"]`);
        if (next) changed = swap(now, next) || changed;
      }
      if (changed && announce) announce.textContent = "The numbers were brought up to date.";
      state("on", "live");
    };

    const soon = () => {
      again = true;
      if (waiting) return;
      waiting = true;
      again = false;
      const started = performance.now();
      update()
        .catch((problem) => state("off", `not up to date: ${problem.message}`))
        .finally(() =>
          setTimeout(() => {
            waiting = false;
            if (again) soon();
          }, Math.max(QUIET_MS, SHARE * (performance.now() - started))),
        );
    };

    const listen = () => {
      const news = new EventSource(root.dataset.news || "/news");
      news.addEventListener("open", () => {
        state("on", "live");
        soon(); // something may have come between the page and this
      });
      news.addEventListener("facts", soon);
      news.addEventListener("error", () => {
        state("off", "not connected, trying again");
        if (news.readyState === EventSource.CLOSED) {
          setTimeout(listen, RETRY_MS);
        }
      });
      addEventListener("pagehide", () => news.close(), { once: true });
    };
    listen();
  };

  const print = () => {
    for (const one of document.querySelectorAll("[data-print]")) {
      one.hidden = false;
      one.addEventListener("click", () => window.print());
    }
  };

  wear(kept());
  addEventListener("DOMContentLoaded", () => {
    wear(kept());
    offerThemes();
    foldMenu();
    print();
    follow();
  });
})();
