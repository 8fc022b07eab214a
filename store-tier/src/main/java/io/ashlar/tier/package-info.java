/** Placeholder. */
@NullMarked
package io.ashlar.tier;

import org.jspecify.annotations.NullMarked;
