// Fills the offline page with what this device kept of one's next appointments.
// The service worker keeps this file, and what it imports, for when there is no network.

const list = document.getElementById("visites");

async function fill() {
  const kept = "caches" in window && await caches.match(list.dataset.from);
  const visits = kept ? (await kept.json()).visits : [];
  const now = Date.now();
  for (const visit of visits.filter((each) => Date.parse(each.until) > now)) {
    const item = document.getElementById("visite").content.cloneNode(true);
    for (const part of item.querySelectorAll("[data-part]")) part.textContent = visit[part.dataset.part] || "";
    for (const link of item.querySelectorAll("[data-link]")) {
      const address = visit[link.dataset.link] || "";
      if (address.startsWith("tel:")) link.href = address;
    }
    list.append(item);
  }
  document.getElementById("aucune").hidden = list.children.length > 0;
}

fill();
