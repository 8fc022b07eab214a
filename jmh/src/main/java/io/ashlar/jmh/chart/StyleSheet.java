package io.ashlar.jmh.chart;

/** The colours and shapes of charts, as CSS: light, and dark where the reader prefers that. */
public final class StyleSheet {

  private static final String LIGHT =
      "--ink: #1d2330; --card: #ffffff; --faint: #5f6775; --line: #dfe1e5;"
          + " --ours: #0f6fbf; --peer: #9aa3b0; --limit: #d99a1c; --mark: #b4232a;";
  private static final String DARK =
      "--ink: #e6e8ec; --card: #1c2027; --faint: #a3acba; --line: #363d49;"
          + " --ours: #4da3ee; --peer: #747e8e; --limit: #d0a24a; --mark: #f08080;";

  private static final String SHAPES =
      """
      svg.chart text { font: 12px system-ui, -apple-system, "Segoe UI", sans-serif;
        fill: var(--ink); }
      svg.chart .title { font-size: 14px; font-weight: 700; }
      svg.chart .note, svg.chart .tick { font-size: 11px; fill: var(--faint); }
      svg.chart .panel { font-weight: 600; }
      svg.chart .end { text-anchor: end; }
      svg.chart .middle { text-anchor: middle; }
      svg.chart .faint { fill: var(--faint); }
      svg.chart .bold { font-weight: 700; }
      svg.chart .card { fill: var(--card); }
      svg.chart .ours { fill: var(--ours); stroke: var(--ours); }
      svg.chart .peer { fill: var(--peer); stroke: var(--peer); }
      svg.chart .limit { fill: var(--limit); stroke: var(--limit); }
      svg.chart rect.ours, svg.chart rect.peer, svg.chart rect.limit { stroke: none; }
      svg.chart .ring { fill: var(--card); stroke-width: 1.75; }
      svg.chart .reach { stroke-width: 2; opacity: 0.45; }
      svg.chart .grid { stroke: var(--line); }
      svg.chart .spread { stroke: var(--ink); stroke-width: 1.25; fill: none; }
      svg.chart .mark { stroke: var(--mark); stroke-width: 1.5; stroke-dasharray: 4 3; }
      svg.chart .cut { stroke: var(--card); stroke-width: 2; fill: none; }
      """;

  private StyleSheet() {}

  /** Returns the rules; colours are set on the elements that {@code selector} chooses. */
  public static String rules(String selector) {
    return selector
        + " { color-scheme: light dark; "
        + LIGHT
        + " }\n@media (prefers-color-scheme: dark) { "
        + selector
        + " { "
        + DARK
        + " } }\n"
        + SHAPES;
  }
}
