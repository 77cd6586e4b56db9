// Uses the figures of a page as a reader does; `i` counts the figures.
const figureForm = (i) =>
  document.querySelectorAll(".decoding-explorer")[i].querySelector("form");

const changed = (input) => input.dispatchEvent(new Event("input", { bubbles: true }));

/** Move all sliders, those that `settings` does not name to where they began. */
function set(i, settings) {
  for (const input of figureForm(i).querySelectorAll("input")) {
    const wanted = settings[input.name];
    const says = () => input.getAttribute("aria-valuetext");
    if (input.name === "top_k" && wanted !== undefined) {
      input.value = input.min; // its steps are no counts: on, until it says the count
      changed(input);
      while (says() !== wanted.toLocaleString("en") && input.value !== input.max) {
        input.stepUp();
        changed(input);
      }
    } else {
      input.value = wanted ?? input.defaultValue;
      changed(input);
    }
  }
  return read(i);
}

/** What a figure shows. */
function read(i) {
  const form = figureForm(i);
  const number = (name) => Number(form.querySelector(`data.${name}`).value);
  const sliders = [...form.querySelectorAll("input")];
  return {
    settings: Object.fromEntries(
      sliders.map((input) => [input.name, input.getAttribute("aria-valuetext")]),
    ),
    rows: [...form.querySelectorAll("tbody tr")].map((row) => ({
      name: row.querySelector("th").textContent,
      probability: Number(row.querySelector("data").value),
      text: row.querySelector("data").textContent,
      width: row.querySelector(".bar")?.style.width,
      drawn: Number(row.querySelector("td:last-child").textContent),
    })),
    kept: number("kept"),
    mass: number("mass"),
    entropy: number("entropy"),
    drawn: form.querySelector(".drawn").textContent,
  };
}

/** Press a button `times` times: 0 draws, 1 draws a hundred, 2 resets. */
function press(i, button, times = 1) {
  for (let time = 0; time < times; time++) {
    figureForm(i).querySelectorAll("button")[button].click();
  }
}
