// Starts Swagger UI on this application's document, and asks nobody else for anything.
'use strict';

const dark = matchMedia('(prefers-color-scheme: dark)');
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
follow();
dark.addEventListener('change', follow);

const page = document.getElementById('page');
SwaggerUIBundle({
  domNode: page,
  url: page.dataset.openapi,
  validatorUrl: null, // the badge would send the document's address to a server elsewhere
  deepLinking: true,
  filter: true,
  tryItOutEnabled: true,
  presets: [SwaggerUIBundle.presets.apis],
  onComplete() {
    document.title = page.querySelector('.info .title')?.firstChild.textContent || document.title;
  },
});
