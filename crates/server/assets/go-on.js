// A page that goes on by itself: its form is sent, or its link followed, once all frames are loaded or some seconds went by.
"use strict";

const form = document.querySelector("form[data-goes-on]");
const link = document.querySelector("a[data-goes-on]");
let gone = false;
const go = () => {
  if (!gone) {
    gone = true;
    if (form) form.submit();
    else if (link) location.replace(link.href);
  }
};

if (document.querySelector("iframe")) {
  window.addEventListener("load", go);
  setTimeout(go, 5000);
} else {
  go();
}
