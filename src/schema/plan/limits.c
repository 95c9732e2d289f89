/** The limits of numbers (.min, .above, .multiple_of, ...) and of moments (.at_least, .at_most). */
#include "schema/number/decimal.h"
#include "schema/plan/options.h"
#include "schema/scalar.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/** One end of a range, as declared. */
typedef struct limit {
    const char *option; /* "min"; NULL: not given */
    bool is_excluded;
    long double number;
    const char *text; /* of .at_least and .at_most */
    char words[96];   /* ".min = 5" */
} limit;

/** The smallest and largest value of a number's kind. */
static void range_of(const tern_type *type, long double *least, long double *most)
{
    int bits = (int)(8 * type->size);
    switch (type->kind) {
    case TERN_KIND_INT:
        *most = ldexpl(1, bits - 1) - 1;
        *least = -*most - 1;
        break;
    case TERN_KIND_UINT:
        *most = ldexpl(1, bits) - 1;
        *least = 0;
        break;
    case TERN_KIND_DECIMAL:
        *most = 999999999999999999.0L;
        *least = -*most;
        break;
    default:
        *most = type->size == sizeof(float) ? (long double)FLT_MAX : (long double)DBL_MAX;
        *least = -*most;
        break;
    }
}

/** A limit as its author wrote it: whole numbers with all digits, others as a double prints. */
static const char *number_words(long double value, char *out, size_t size)
{
    snprintf(out, size, value == truncl(value) ? "%.20Lg" : "%.15Lg", value);
    return out;
}

/** Whether a limit can apply to values of this type; reports why not. */
static bool is_fit_limit(planner *p, const char *name, long double value)
{
    const tern_type *type = p->field->type;
    char shown[48], least_shown[48], most_shown[48];
    long double least, most;
    range_of(type, &least, &most);
    number_words(value, shown, sizeof shown);
    bool is_integer = type->kind == TERN_KIND_INT || type->kind == TERN_KIND_UINT;
    if (!(value >= least && value <= most)) {
        planner_mistake(p, ".%s = %s does not fit %s (%s to %s)", name, shown, type->name,
                        number_words(least, least_shown, sizeof least_shown),
                        number_words(most, most_shown, sizeof most_shown));
        return false;
    }
    if (is_integer && value != truncl(value)) {
        planner_mistake(p, ".%s = %s is not a whole number, but values of %s are", name, shown, type->name);
        return false;
    }
    if (is_integer && value > (long double)INT64_MAX && value != most) {
        planner_mistake(p, ".%s = %s is above 9223372036854775807, the largest limit", name, shown);
        return false;
    }
    return true;
}

/** The one limit that was given, of up to three options for the same end; false with a mistake. */
static bool find_limit(planner *p, uint64_t given, const char *const options[3], const long double numbers[2],
                       const char *text, limit *out)
{
    char shown[48];
    *out = (limit){0};
    for (int i = 0; i < 3; i++) {
        if (!option_is_given(given, options[i]))
            continue;
        if (out->option != NULL) {
            planner_mistake(p, ".%s and .%s limit the same end; leave one out", out->option, options[i]);
            return false;
        }
        out->option = options[i];
        out->is_excluded = i == 1;
        out->number = i < 2 ? numbers[i] : 0;
        out->text = i == 2 ? text : NULL;
    }
    if (out->option == NULL)
        return true;
    if (out->text != NULL)
        snprintf(out->words, sizeof out->words, ".%s \"%s\"", out->option, out->text);
    else
        snprintf(out->words, sizeof out->words, ".%s = %s", out->option,
                 number_words(out->number, shown, sizeof shown));
    if (out->option == options[2] && text == NULL)
        planner_mistake(p, ".%s is NULL; leave it out", out->option);
    else if (out->text != NULL || is_fit_limit(p, out->option, out->number))
        return true;
    return false;
}

/** Reports an empty range; `order` is below 0 when the low end is below the high one. */
static void check_range(planner *p, const limit *low, const limit *high, int order)
{
    if (low->option == NULL || high->option == NULL)
        return;
    if (order > 0)
        planner_mistake(p, "%s is %s %s", low->words, low->text != NULL ? "more than" : "above", high->words);
    else if (order == 0 && (low->is_excluded || high->is_excluded))
        planner_mistake(p, "no value satisfies both %s and %s", low->words, high->words);
}

/* -- integers and floats -- */

/** `value` rounded to the type: 0.1 as a float is not 0.1 as a double. */
static double as_float(const tern_type *type, long double value)
{
    return type->kind == TERN_KIND_FLOAT && type->size == sizeof(float) ? (double)(float)value
                                                                        : (double)value;
}

static int64_t as_int(long double value)
{
    return value >= (long double)INT64_MAX   ? INT64_MAX
           : value <= (long double)INT64_MIN ? INT64_MIN
                                             : (int64_t)value;
}

static void plan_numbers(planner *p, field_plan *plan, const limit *low, const limit *high)
{
    const tern_type *type = plan->field->type;
    long double least, most;
    range_of(type, &least, &most);
    check_range(p, low, high, (low->number > high->number) - (low->number < high->number));
    /* no value can break the others */
    plan->has_min = low->option != NULL && (low->number > least || low->is_excluded);
    plan->has_max = high->option != NULL && (high->number < most || high->is_excluded);
    plan->min_int = as_int(low->option != NULL ? low->number : least);
    plan->max_int = as_int(high->option != NULL ? high->number : most);
    plan->min_float = as_float(type, low->option != NULL ? low->number : least);
    plan->max_float = as_float(type, high->option != NULL ? high->number : most);
    if (plan->has_multiple) {
        plan->multiple_int = as_int(plan->field->multiple_of);
        plan->multiple_float = as_float(type, plan->field->multiple_of);
    }
}

/* -- decimals -- */

/** A number in the source as the decimal that its author wrote; false with a mistake. */
static bool read_number(planner *p, const char *option, long double number, tern_decimal *out)
{
    char shown[48];
    if (decimal_of_number(number, out))
        return true;
    snprintf(shown, sizeof shown, "%.17Lg", number);
    planner_mistake(p, ".%s = %s has more digits than C keeps; %s", option, shown,
                    strcmp(option, "multiple_of") == 0 ? "use at most 15 digits"
                                                       : "write it as text, in .at_least or .at_most");
    return false;
}

static bool read_decimal_limit(planner *p, const limit *l, tern_decimal *out)
{
    if (l->option == NULL)
        return true;
    if (l->text == NULL)
        return read_number(p, l->option, l->number, out);
    const char *wants = scalar_read(p->field->type, l->text, strlen(l->text), out, NULL);
    if (wants != NULL)
        planner_mistake(p, "%s is not %s", l->words, wants);
    return wants == NULL;
}

static void plan_decimals(planner *p, field_plan *plan, const limit *low, const limit *high)
{
    plan->has_min = low->option != NULL;
    plan->has_max = high->option != NULL;
    if (read_decimal_limit(p, low, &plan->min_decimal) && read_decimal_limit(p, high, &plan->max_decimal))
        check_range(p, low, high, decimal_compare(plan->min_decimal, plan->max_decimal));
    plan->min_float = decimal_nearest(plan->min_decimal);
    plan->max_float = decimal_nearest(plan->max_decimal);
    if (plan->has_multiple)
        read_number(p, "multiple_of", plan->field->multiple_of, &plan->multiple_decimal);
}

/* -- moments -- */

static bool read_moment_limit(planner *p, const limit *l, moment_limit *out)
{
    const char *wants = l->text != NULL ? moment_limit_read(p->field->type, l->text, out) : NULL;
    if (wants != NULL)
        planner_mistake(p, "%s is not %s", l->words, wants);
    return wants == NULL;
}

static void plan_moments(planner *p, field_plan *plan, const limit *low, const limit *high)
{
    moment_limit *min = &plan->min_moment, *max = &plan->max_moment;
    if (read_moment_limit(p, low, min) && read_moment_limit(p, high, max) && min->is_moving == max->is_moving)
        check_range(p, low, high, (min->number > max->number) - (min->number < max->number));
}

void plan_limits(planner *p, field_plan *plan, uint64_t given)
{
    static const char *const low_options[] = {"min", "above", "at_least"}, *const high_options[] = {
                                                                               "max", "below", "at_most"};
    const tern_field *field = plan->field;
    limit low, high;
    plan->multiple_int = 1; /* so that a division by it is always defined */
    if (option_is_given(given, "multiple_of")) {
        if (!(field->multiple_of > 0))
            planner_mistake(p, ".multiple_of must be above 0");
        else
            plan->has_multiple = is_fit_limit(p, "multiple_of", field->multiple_of);
    }
    bool has_low =
        find_limit(p, given, low_options, (long double[]){field->min, field->above}, field->at_least, &low);
    bool has_high =
        find_limit(p, given, high_options, (long double[]){field->max, field->below}, field->at_most, &high);
    if (!has_low || !has_high)
        return;
    plan->is_min_excluded = low.is_excluded;
    plan->is_max_excluded = high.is_excluded;
    switch (field->type->kind) {
    case TERN_KIND_INT:
    case TERN_KIND_UINT:
    case TERN_KIND_FLOAT:
        plan_numbers(p, plan, &low, &high);
        break;
    case TERN_KIND_DECIMAL:
        plan_decimals(p, plan, &low, &high);
        break;
    case TERN_KIND_DATE:
    case TERN_KIND_TIME:
    case TERN_KIND_DATETIME:
    case TERN_KIND_DURATION:
        plan_moments(p, plan, &low, &high);
        break;
    default:
        break;
    }
}
