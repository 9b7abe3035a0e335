// A page that hands its message to the window which frames or opened it. The browser delivers it to one origin alone.
"use strict";

const { content, dataset } = document.querySelector("meta[name=web-message]");
const receiver = window.parent === window ? window.opener : window.parent;
if (receiver) receiver.postMessage(JSON.parse(content), dataset.targetOrigin);
