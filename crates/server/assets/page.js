// What a page does better with scripts. It works without them.
"use strict";

// A button in a password field shows what was typed.
for (const button of document.querySelectorAll("[data-reveals]")) {
  const field = document.getElementById(button.dataset.reveals);
  const name = button.querySelector("span");
  const show = (shown) => {
    field.type = shown ? "text" : "password";
    button.toggleAttribute("data-shown", shown);
    name.textContent = shown ? button.dataset.hide : button.dataset.show;
  };
  button.hidden = false;
  button.addEventListener("click", () => {
    show(field.type === "password");
    field.focus();
  });
  // Password managers and the next person at the screen expect a password to be hidden.
  field.form.addEventListener("submit", () => show(false));
}

// A form is sent once. It can be sent again when the page is still there: it came back from the browser's cache, or the answer
// led out of the browser, into an application.
const forms = document.querySelectorAll("form[data-once]");
const release = () => {
  for (const form of forms) {
    delete form.dataset.sent;
    form.removeAttribute("aria-busy");
  }
};
for (const form of forms) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "yes";
    form.setAttribute("aria-busy", "true");
    setTimeout(release, 5000);
  });
}
window.addEventListener("pageshow", release);

// Times in the reader's own zone and language.
for (const time of document.querySelectorAll("time[datetime]")) {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  time.textContent = format.format(new Date(time.dateTime));
}
