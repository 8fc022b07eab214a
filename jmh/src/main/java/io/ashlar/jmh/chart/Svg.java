package io.ashlar.jmh.chart;

import java.util.Locale;

/** Elements of an SVG image, appended as text. Numbers have one decimal. Thread: one. */
final class Svg {

  private final StringBuilder text = new StringBuilder();

  /** Begins an element that {@link #end} ends; {@code attributes} are names and values in turn. */
  void begin(String name, Object... attributes) {
    tag(name, attributes);
    text.append(">\n");
  }

  /** Ends an element. */
  void end(String name) {
    text.append("</").append(name).append(">\n");
  }

  /** Adds an element without content. */
  void empty(String name, Object... attributes) {
    tag(name, attributes);
    text.append("/>\n");
  }

  /** Adds an element that holds text. */
  void text(String name, String content, Object... attributes) {
    tag(name, attributes);
    text.append('>').append(Markup.escaped(content)).append("</").append(name).append(">\n");
  }

  /** Adds text that is markup already. */
  void raw(String markup) {
    text.append(markup);
  }

  private void tag(String name, Object... attributes) {
    text.append('<').append(name);
    for (int i = 0; i < attributes.length; i += 2) {
      Object value = attributes[i + 1];
      text.append(' ').append(attributes[i]).append("=\"");
      text.append(
          value instanceof Double number
              ? String.format(Locale.ROOT, "%.1f", number)
              : Markup.escaped(value.toString()));
      text.append('"');
    }
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
