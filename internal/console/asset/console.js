// What the pages do beyond links and forms. Everything works without it.
"use strict";
document.documentElement.classList.add("scripted");

// The pages come from this server alone, and htmx puts parts of them in place.
if (window.trustedTypes && trustedTypes.createPolicy) {
  trustedTypes.createPolicy("default", { createHTML: (html) => html });
}

const say = (text) => {
  const place = document.getElementById("told");
  if (place) place.textContent = text;
};

// typing reports whether somebody writes in a part that would be replaced.
const typing = (part) => {
  const at = document.activeElement;
  return at && part.contains(at) && /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName);
};

// Parts with data-live are fetched anew when the server says that something changed.
let source = null;
const listen = () => {
  const part = document.querySelector("[data-live]");
  if (!part || !window.EventSource) return;
  source = new EventSource(part.dataset.live);
  const look = () => document.querySelectorAll("[data-live]").forEach((p) => {
    if (!typing(p)) htmx.trigger(p, "changed");
  });
  source.addEventListener("changed", look);
  source.addEventListener("error", (e) => { if (e.target.readyState === EventSource.CLOSED) look(); }); // refused: who is signed out is led to the sign-in
};
addEventListener("pagehide", () => { if (source) source.close(); source = null; });
addEventListener("pageshow", (e) => { if (e.persisted) { listen(); document.querySelectorAll("[data-live]").forEach((p) => htmx.trigger(p, "changed")); } });

document.addEventListener("htmx:afterSettle", (e) => {
  const part = e.target.closest ? e.target.closest("[data-said]") || e.target.querySelector("[data-said]") : null;
  if (part && part.dataset.said !== document.body.dataset.lastSaid) {
    document.body.dataset.lastSaid = part.dataset.said;
    say(part.dataset.said);
  }
});

document.addEventListener("click", (e) => {
  const b = e.target.closest("[data-copy]");
  if (!b) return;
  const from = document.getElementById(b.dataset.copy);
  navigator.clipboard.writeText(from.value || from.textContent).then(() => say("Copied."), () => say("The browser does not allow copying; select the text instead."));
});

document.addEventListener("change", (e) => {
  if (e.target.matches("[data-all]")) {
    document.querySelectorAll("input[name='" + e.target.dataset.all + "']").forEach((c) => { c.checked = e.target.checked; });
  }
  if (e.target.id === "issuer") byHand(true);
  if (e.target.matches("input[type=file][data-into]")) read(e.target.files[0], document.getElementById(e.target.dataset.into));
});

// read puts a file into a text field: text as it is, anything else as base64.
const read = (file, field) => {
  if (!file || !field) return;
  if (file.size > 200000) { say("The file is too large for a certificate."); return; }
  file.arrayBuffer().then((buffer) => {
    const bytes = new Uint8Array(buffer);
    const text = new TextDecoder().decode(bytes);
    field.value = text.includes("-----BEGIN") ? text : btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join(""));
    say("The file " + file.name + " was read.");
  });
};
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (e) => {
    const area = e.target.closest ? e.target.closest(".drop") : null;
    if (!area) return;
    e.preventDefault();
    area.classList.toggle("over", kind === "dragover");
    if (kind === "drop") read(e.dataTransfer.files[0], area.querySelector("textarea"));
  });
}

// Who signs by hand renews by hand: what never happens is not offered.
const byHand = (chosen) => {
  const [issuer, action] = ["issuer", "action"].map((id) => document.getElementById(id));
  if (!issuer || !action) return;
  const hand = issuer.value === "Unknown";
  const itself = action.querySelector("[value=AutoRenew]");
  if (hand && chosen && itself.selected) { action.value = "EmailContacts"; action.dataset.back = "yes"; }
  itself.disabled = hand && !itself.selected;
  if (!hand && action.dataset.back) { action.value = "AutoRenew"; delete action.dataset.back; }
};

addEventListener("DOMContentLoaded", () => {
  listen();
  byHand(false);
  const box = document.querySelector(".say[tabindex]");
  if (box) box.focus();
});
