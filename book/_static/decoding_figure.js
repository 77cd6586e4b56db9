// Puts sliders and live bars in place of course_lib.viz.DecodingExplorer's picture.
// Needs decoding.js. Without scripts, or in an old browser, the picture stays.
"use strict";

(() => {
  const SEED = 20170612;

  // Its first button is the form's default: Enter on a slider draws.
  const SKELETON = `
    <div class="settings"></div>
    <p class="summary" role="status"></p>
    <table>
      <caption>
        The likeliest next tokens<span class="prompt"></span>. A full bar is
        <span class="scale"></span>; the line on it is where the model itself put it.
      </caption>
      <colgroup><col class="token" /><col /><col class="share" /><col class="count" />
      <thead>
        <tr>
          <th scope="col">Token</th>
          <th scope="col" colspan="2">Probability</th>
          <th scope="col">Drawn</th>
        </tr>
      </thead>
      <tbody></tbody>
    </table>
    <p class="buttons">
      <button value="1">Draw</button>
      <button value="100">Draw 100</button>
      <button type="reset">Reset</button>
    </p>
    <p class="drawn" role="status"></p>`;

  /** The sliders, in the order in which the samplers apply what they set. */
  function sliders(vocabularySize) {
    const counts = tokenCounts(vocabularySize);
    const last = counts.length - 1;
    return [
      {
        name: "temperature",
        label: "Temperature",
        range: { min: 0, max: 2, step: 0.05, value: 1 },
        show: (temperature) => (temperature ? temperature.toFixed(2) : "0 (greedy)"),
      },
      {
        name: "top_k",
        label: "Top-k",
        range: { min: 0, max: last, step: 1, value: last },
        setting: (place) => counts[place],
        show: (k) => (k < vocabularySize ? integer(k) : "off"),
      },
      {
        name: "top_p",
        label: "Top-p",
        range: { min: 0.01, max: 1, step: 0.01, value: 1 },
        show: (p) => (p < 1 ? p.toFixed(2) : "off"),
      },
      {
        name: "min_p",
        label: "Min-p",
        range: { min: 0, max: 1, step: 0.01, value: 0 },
        show: (minP) => (minP > 0 ? minP.toFixed(2) : "off"),
      },
    ];
  }

  /** What top-k can be set to: 1, 2, 3, 4, 5, 7, 10, 15, 20 ... and all tokens. */
  function tokenCounts(vocabularySize) {
    const counts = [];
    for (let ten = 1; ten < vocabularySize; ten *= 10) {
      counts.push(...[1, 1.5, 2, 3, 4, 5, 7].map((count) => count * ten));
    }
    const fewer = counts.filter((k) => Number.isInteger(k) && k < vocabularySize);
    return [...fewer, vocabularySize];
  }

  const integer = (number) => number.toLocaleString("en");

  function percent(share) {
    return share > 0 && share < 0.0005 ? "< 0.1%" : `${(100 * share).toFixed(1)}%`;
  }

  function element(tag, attributes = {}, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
  }

  /** A number as people read it, and in full for scripts. */
  const data = (name, value, text) => element("data", { class: name, value }, text);

  async function unpack(text) {
    const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const packed = new Blob([bytes(text)]).stream();
    const unpacked = packed.pipeThrough(new DecompressionStream("gzip"));
    const content = await new Response(unpacked).json();
    const { buffer } = bytes(content.probabilities);
    return { ...content, probabilities: new Float32Array(buffer) };
  }

  class Explorer {
    constructor({ words, prompt, probabilities, shown }, id) {
      this.words = words;
      this.shown = Math.min(shown, words.length);
      this.ids = decoding.order(probabilities);
      this.model = Float64Array.from(this.ids, (token) => probabilities[token]);
      const label = "Try the settings of decoding";
      this.form = element("form", { "aria-label": label, autocomplete: "off" });
      this.form.innerHTML = SKELETON;
      this.sliders = sliders(words.length);
      this.sliders.forEach((slider) => this.#addSlider(slider, `${id}-${slider.name}`));
      this.part("prompt").textContent = prompt && ` after “${prompt}”`;
      this.rows = Array.from({ length: this.shown }, (_, i) =>
        this.#addRow(this.name(i), true),
      );
      const others = words.length - this.shown;
      if (others) this.rows.push(this.#addRow(`all ${integer(others)} others`, false));
      this.form.addEventListener("input", () => this.update());
      this.form.addEventListener("reset", () => setTimeout(() => this.update()));
      this.form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.draw(Number(event.submitter.value));
      });
      this.update();
    }

    part(name) {
      return this.form.querySelector(`.${name}`);
    }

    /** The token at a place of the falling order. */
    name(place) {
      return `“${this.words[this.ids[place]]}”`;
    }

    #addSlider(slider, id) {
      const { name, label, range } = slider;
      slider.input = element("input", { type: "range", id, name, ...range });
      slider.output = element("output", { for: id, "aria-live": "off" });
      const title = element("label", { for: id }, label);
      this.part("settings").append(
        element("div", {}, title, slider.output, slider.input),
      );
    }

    #addRow(name, hasBar) {
      const bar = element("div", { class: "bar" });
      const model = element("div", { class: "model" });
      const track = element("div", { class: "track" }, bar, model);
      const value = element("td");
      const count = element("td");
      const head = element("th", { scope: "row", colspan: hasBar ? 1 : 2 }, name);
      const line = element("tr", {}, head, value, count);
      if (hasBar) head.after(element("td", {}, track));
      this.form.querySelector("tbody").append(line);
      return { line, bar, model, value, count };
    }

    /** Apply the settings, and show what they leave. Draws start anew. */
    update() {
      const settings = {};
      for (const { name, input, output, setting = Number, show } of this.sliders) {
        settings[name] = setting(input.value);
        output.textContent = show(settings[name]);
        input.setAttribute("aria-valuetext", output.textContent);
      }
      const tempered = decoding.reweight(this.model, settings.temperature);
      const likeliest = decoding.topK(tempered, settings.top_k);
      const nucleus = decoding.topP(likeliest, settings.top_p);
      this.kept = decoding.minP(nucleus, settings.min_p);
      this.#summarise(tempered);
      this.#showBars();
      this.random = decoding.generator(SEED);
      this.tally = new Float64Array(this.words.length); // by place in the order
      this.#showTally();
    }

    #summarise(tempered) {
      const count = this.kept.filter((p) => p > 0).length;
      const mass = decoding.sum(tempered.slice(0, this.kept.length));
      const entropy = decoding.entropy(this.kept);
      this.part("summary").replaceChildren(
        data("kept", count, integer(count)),
        ` of ${integer(this.words.length)} tokens kept; they had `,
        data("mass", mass, percent(mass)),
        " of the probability at this temperature. Entropy of what is left: ",
        data("entropy", entropy, entropy.toFixed(2)),
        " nats.",
      );
    }

    /** One number for each row: the tokens shown, then all others together. */
    #perRow(values) {
      const shown = Array.from({ length: this.shown }, (_, i) => values[i] ?? 0);
      return [...shown, decoding.sum(values.slice(this.shown))];
    }

    #showBars() {
      const now = this.#perRow(this.kept);
      const before = this.#perRow(this.model);
      const largest = Math.max(now[0], before[0]);
      const full = [0.1, 0.2, 0.5].find((width) => width >= largest) ?? 1;
      this.part("scale").textContent = `${100 * full}%`;
      this.rows.forEach(({ line, bar, model, value }, i) => {
        bar.style.width = `${(100 * now[i]) / full}%`;
        model.style.left = `${(100 * before[i]) / full}%`;
        const text = now[i] > 0 ? percent(now[i]) : "cut";
        value.replaceChildren(data("probability", now[i], text));
        line.classList.toggle("cut", now[i] === 0);
      });
    }

    draw(times) {
      for (let time = 0; time < times; time++) {
        this.drawn = decoding.draw(this.kept, this.random);
        this.tally[this.drawn] += 1;
      }
      this.#showTally();
    }

    #showTally() {
      const counts = this.#perRow(this.tally);
      this.rows.forEach(({ count }, i) => (count.textContent = counts[i] || ""));
      const total = decoding.sum(this.tally);
      const most = decoding.order(this.tally).filter((place) => this.tally[place]);
      const listed = most.slice(0, 5).map((i) => `${this.name(i)} ${this.tally[i]}`);
      this.part("drawn").textContent = total
        ? `Drawn: ${this.name(this.drawn)}. Draws: ${integer(total)}. ` +
          `Most often: ${listed.join(", ")}.`
        : "";
    }
  }

  if (typeof DecompressionStream === "undefined") return;
  document.querySelectorAll(".decoding-explorer").forEach(async (figure, i) => {
    const content = await unpack(figure.dataset.distribution);
    figure.replaceChildren(new Explorer(content, `decoding-${i}`).form);
  });
})();
