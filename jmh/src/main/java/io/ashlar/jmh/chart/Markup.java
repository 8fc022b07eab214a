package io.ashlar.jmh.chart;

/** Text in SVG and HTML. */
public final class Markup {

  private Markup() {}

  /** Returns text as it may stand in an element and in an attribute. */
  public static String escaped(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }
}
