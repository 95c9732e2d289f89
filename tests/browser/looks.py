"""How pages look: contrast, names of inputs, pictures."""

import os

import harness

PICTURES = os.path.join(harness.ROOT, "build", "browser")
PHONE = {"width": 390, "height": 844, "is_phone": True}

CONTRAST = """(() => {
  const parts = (color) => { const n = color.match(/[\\d.]+/g).map(Number); return n.length === 3 ? [...n, 1] : n; };
  const light = (color) => { const [r, g, b] = parts(color).map((n) => n / 255)
    .map((n) => n <= 0.04045 ? n / 12.92 : ((n + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = (node) => { for (; node; node = node.parentElement) {
    const color = getComputedStyle(node).backgroundColor; if (parts(color)[3] === 1) return color; } return 'rgb(255,255,255)'; };
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((m, n) => n - m); return (x + 0.05) / (y + 0.05); };
  const faint = [];
  for (const node of document.querySelectorAll('body *')) {
    const hasText = [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()) || 'value' in node;
    if (!hasText || !node.getClientRects().length) continue;
    const got = [['text', ratio(getComputedStyle(node).color, ground(node))]];
    if (node.placeholder) got.push(['placeholder', ratio(getComputedStyle(node, '::placeholder').color, ground(node))]);
    for (const [what, value] of got) if (value < 4.5) faint.push(`${node.tagName} ${what} ${value.toFixed(2)}`);
  }
  return faint; })()"""

UNNAMED = """[...document.querySelectorAll('input:not([type=hidden]), select, textarea, button')].filter((node) =>
  !(node.getAttribute('aria-label') || node.closest('label') || node.textContent.trim())).map((node) => node.outerHTML)"""


def take_picture(tab, name):
    os.makedirs(PICTURES, exist_ok=True)
    tab.screenshot(os.path.join(PICTURES, name + ".png"))
