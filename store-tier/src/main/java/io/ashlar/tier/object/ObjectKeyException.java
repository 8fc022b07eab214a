package io.ashlar.tier.object;

/**
 * A key or prefix was refused because it breaks a rule of {@link ObjectKey}. It could leave its
 * root, or stores would disagree about it. Nothing was requested from the store.
 */
public final class ObjectKeyException extends IllegalArgumentException {
  private static final long serialVersionUID = 1;

  ObjectKeyException(String rule, String shownKey) {
    super(
        "object key refused: "
            + rule
            + ": key="
            + shownKey
            + "; use '/'-separated names such as manifests/00000000000000000001");
  }
}
