{% load static %}"use strict";
// Shows one's next appointments while there is no network, and changes nothing while there is one:
// no page and no answer is kept but the offline page and what it is made of.
const SHELL = "doctolib-shell-{{ version }}";
const PAGE = "{% url 'booking:offline' %}";
const PARTS = [PAGE, "{% static 'css/tokens.css' %}", "{% static 'css/site.css' %}", "{% static 'js/offline.js' %}", "{% static 'favicon.svg' %}"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(PARTS)).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => {
  event.waitUntil(caches.keys()
    .then((names) => Promise.all(names.filter((name) => name.startsWith("doctolib-shell-") && name !== SHELL).map((name) => caches.delete(name))))
    .then(() => self.clients.claim()));
});
self.addEventListener("fetch", (event) => {
  const request = event.request;
  if (request.method !== "GET" || new URL(request.url).origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => caches.match(PAGE)));
  } else if (PARTS.includes(new URL(request.url).pathname)) {
    event.respondWith(fetch(request).catch(() => caches.match(request)));
  }
});
