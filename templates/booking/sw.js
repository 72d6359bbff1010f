"use strict";
// Shows one's next appointments while there is no network, and changes nothing while there is one:
// no page and no answer is kept but the offline page and what it is made of.
const SHELL = "doctolib-shell-{{ version }}";
const PAGES = {{ pages|safe }};
const VISITS = "{% url 'booking:offline-visits' %}";
const PARTS = {{ parts|safe }};

// A new version waits until no page is open that the former one serves: taken over in the middle,
// a page that is on its way may never arrive.
self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll([...Object.values(PAGES), ...PARTS])));
});
self.addEventListener("activate", (event) => {
  event.waitUntil(caches.keys()
    .then((names) => Promise.all(names.filter((name) => name.startsWith("doctolib-shell-") && name !== SHELL).map((name) => caches.delete(name)))));
});

// In the language in which the appointments were kept.
async function offlinePage() {
  const kept = await caches.match(VISITS);
  const spoken = kept ? kept.headers.get("Content-Language") : navigator.language.slice(0, 2);
  return caches.match(PAGES[spoken] || PAGES.fr);
}
self.addEventListener("fetch", (event) => {
  const request = event.request;
  if (request.method !== "GET" || new URL(request.url).origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(offlinePage));
  } else if (PARTS.includes(new URL(request.url).pathname)) {
    event.respondWith(fetch(request).catch(() => caches.match(request)));
  }
});
