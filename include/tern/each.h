/**
 * TERN_EACH(macro, context, a, b, ...) expands to macro(context, a) macro(context, b) ... for 1 to 128
 * elements.
 *
 * One line a count, instead of the usual recursion through rescans: a model costs the compiler time in
 * proportion to its fields, and a mistake inside is reported one level deep.
 *
 * 129 to 158 elements expand to macroTOO_MANY_(context), which reports it in the words of the macro that uses
 * it.
 */
#ifndef TERN_EACH_H
#define TERN_EACH_H

/* clang-format off */
#define TERN_EACH(macro, context, ...) \
    TERN_EACH_AT_(__VA_ARGS__, \
    TERN_EACH_MORE_, TERN_EACH_MORE_, TERN_EACH_MORE_, TERN_EACH_MORE_, TERN_EACH_MORE_, TERN_EACH_MORE_, \
    TERN_EACH_MORE_, TERN_EACH_MORE_, TERN_EACH_MORE_, TERN_EACH_MORE_, TERN_EACH_MORE_, TERN_EACH_MORE_, \
    TERN_EACH_MORE_, TERN_EACH_MORE_, TERN_EACH_MORE_, TERN_EACH_MORE_, TERN_EACH_MORE_, TERN_EACH_MORE_, \
    TERN_EACH_MORE_, TERN_EACH_MORE_, TERN_EACH_MORE_, TERN_EACH_MORE_, TERN_EACH_MORE_, TERN_EACH_MORE_, \
    TERN_EACH_MORE_, TERN_EACH_MORE_, TERN_EACH_MORE_, TERN_EACH_MORE_, TERN_EACH_MORE_, TERN_EACH_MORE_, \
    TERN_EACH_128_, TERN_EACH_127_, TERN_EACH_126_, TERN_EACH_125_, TERN_EACH_124_, TERN_EACH_123_, \
    TERN_EACH_122_, TERN_EACH_121_, TERN_EACH_120_, TERN_EACH_119_, TERN_EACH_118_, TERN_EACH_117_, \
    TERN_EACH_116_, TERN_EACH_115_, TERN_EACH_114_, TERN_EACH_113_, TERN_EACH_112_, TERN_EACH_111_, \
    TERN_EACH_110_, TERN_EACH_109_, TERN_EACH_108_, TERN_EACH_107_, TERN_EACH_106_, TERN_EACH_105_, \
    TERN_EACH_104_, TERN_EACH_103_, TERN_EACH_102_, TERN_EACH_101_, TERN_EACH_100_, TERN_EACH_99_, \
    TERN_EACH_98_, TERN_EACH_97_, TERN_EACH_96_, TERN_EACH_95_, TERN_EACH_94_, TERN_EACH_93_, \
    TERN_EACH_92_, TERN_EACH_91_, TERN_EACH_90_, TERN_EACH_89_, TERN_EACH_88_, TERN_EACH_87_, \
    TERN_EACH_86_, TERN_EACH_85_, TERN_EACH_84_, TERN_EACH_83_, TERN_EACH_82_, TERN_EACH_81_, \
    TERN_EACH_80_, TERN_EACH_79_, TERN_EACH_78_, TERN_EACH_77_, TERN_EACH_76_, TERN_EACH_75_, \
    TERN_EACH_74_, TERN_EACH_73_, TERN_EACH_72_, TERN_EACH_71_, TERN_EACH_70_, TERN_EACH_69_, \
    TERN_EACH_68_, TERN_EACH_67_, TERN_EACH_66_, TERN_EACH_65_, TERN_EACH_64_, TERN_EACH_63_, \
    TERN_EACH_62_, TERN_EACH_61_, TERN_EACH_60_, TERN_EACH_59_, TERN_EACH_58_, TERN_EACH_57_, \
    TERN_EACH_56_, TERN_EACH_55_, TERN_EACH_54_, TERN_EACH_53_, TERN_EACH_52_, TERN_EACH_51_, \
    TERN_EACH_50_, TERN_EACH_49_, TERN_EACH_48_, TERN_EACH_47_, TERN_EACH_46_, TERN_EACH_45_, \
    TERN_EACH_44_, TERN_EACH_43_, TERN_EACH_42_, TERN_EACH_41_, TERN_EACH_40_, TERN_EACH_39_, \
    TERN_EACH_38_, TERN_EACH_37_, TERN_EACH_36_, TERN_EACH_35_, TERN_EACH_34_, TERN_EACH_33_, \
    TERN_EACH_32_, TERN_EACH_31_, TERN_EACH_30_, TERN_EACH_29_, TERN_EACH_28_, TERN_EACH_27_, \
    TERN_EACH_26_, TERN_EACH_25_, TERN_EACH_24_, TERN_EACH_23_, TERN_EACH_22_, TERN_EACH_21_, \
    TERN_EACH_20_, TERN_EACH_19_, TERN_EACH_18_, TERN_EACH_17_, TERN_EACH_16_, TERN_EACH_15_, \
    TERN_EACH_14_, TERN_EACH_13_, TERN_EACH_12_, TERN_EACH_11_, TERN_EACH_10_, TERN_EACH_9_, TERN_EACH_8_, \
    TERN_EACH_7_, TERN_EACH_6_, TERN_EACH_5_, TERN_EACH_4_, TERN_EACH_3_, TERN_EACH_2_, TERN_EACH_1_, ~)(macro, context, __VA_ARGS__)

#define TERN_EACH_AT_( \
    _1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15, _16, _17, _18, _19, _20, _21, _22, \
    _23, _24, _25, _26, _27, _28, _29, _30, _31, _32, _33, _34, _35, _36, _37, _38, _39, _40, _41, _42, \
    _43, _44, _45, _46, _47, _48, _49, _50, _51, _52, _53, _54, _55, _56, _57, _58, _59, _60, _61, _62, \
    _63, _64, _65, _66, _67, _68, _69, _70, _71, _72, _73, _74, _75, _76, _77, _78, _79, _80, _81, _82, \
    _83, _84, _85, _86, _87, _88, _89, _90, _91, _92, _93, _94, _95, _96, _97, _98, _99, _100, _101, _102, \
    _103, _104, _105, _106, _107, _108, _109, _110, _111, _112, _113, _114, _115, _116, _117, _118, _119, \
    _120, _121, _122, _123, _124, _125, _126, _127, _128, _129, _130, _131, _132, _133, _134, _135, _136, \
    _137, _138, _139, _140, _141, _142, _143, _144, _145, _146, _147, _148, _149, _150, _151, _152, _153, \
    _154, _155, _156, _157, _158, chosen, ...) chosen

#define TERN_EACH_MORE_(m, c, ...) m##TOO_MANY_(c)

#define TERN_EACH_1_(m, c, x)       m(c, x)
#define TERN_EACH_2_(m, c, x, ...) m(c, x) TERN_EACH_1_(m, c, __VA_ARGS__)
#define TERN_EACH_3_(m, c, x, ...) m(c, x) TERN_EACH_2_(m, c, __VA_ARGS__)
#define TERN_EACH_4_(m, c, x, ...) m(c, x) TERN_EACH_3_(m, c, __VA_ARGS__)
#define TERN_EACH_5_(m, c, x, ...) m(c, x) TERN_EACH_4_(m, c, __VA_ARGS__)
#define TERN_EACH_6_(m, c, x, ...) m(c, x) TERN_EACH_5_(m, c, __VA_ARGS__)
#define TERN_EACH_7_(m, c, x, ...) m(c, x) TERN_EACH_6_(m, c, __VA_ARGS__)
#define TERN_EACH_8_(m, c, x, ...) m(c, x) TERN_EACH_7_(m, c, __VA_ARGS__)
#define TERN_EACH_9_(m, c, x, ...) m(c, x) TERN_EACH_8_(m, c, __VA_ARGS__)
#define TERN_EACH_10_(m, c, x, ...) m(c, x) TERN_EACH_9_(m, c, __VA_ARGS__)
#define TERN_EACH_11_(m, c, x, ...) m(c, x) TERN_EACH_10_(m, c, __VA_ARGS__)
#define TERN_EACH_12_(m, c, x, ...) m(c, x) TERN_EACH_11_(m, c, __VA_ARGS__)
#define TERN_EACH_13_(m, c, x, ...) m(c, x) TERN_EACH_12_(m, c, __VA_ARGS__)
#define TERN_EACH_14_(m, c, x, ...) m(c, x) TERN_EACH_13_(m, c, __VA_ARGS__)
#define TERN_EACH_15_(m, c, x, ...) m(c, x) TERN_EACH_14_(m, c, __VA_ARGS__)
#define TERN_EACH_16_(m, c, x, ...) m(c, x) TERN_EACH_15_(m, c, __VA_ARGS__)
#define TERN_EACH_17_(m, c, x, ...) m(c, x) TERN_EACH_16_(m, c, __VA_ARGS__)
#define TERN_EACH_18_(m, c, x, ...) m(c, x) TERN_EACH_17_(m, c, __VA_ARGS__)
#define TERN_EACH_19_(m, c, x, ...) m(c, x) TERN_EACH_18_(m, c, __VA_ARGS__)
#define TERN_EACH_20_(m, c, x, ...) m(c, x) TERN_EACH_19_(m, c, __VA_ARGS__)
#define TERN_EACH_21_(m, c, x, ...) m(c, x) TERN_EACH_20_(m, c, __VA_ARGS__)
#define TERN_EACH_22_(m, c, x, ...) m(c, x) TERN_EACH_21_(m, c, __VA_ARGS__)
#define TERN_EACH_23_(m, c, x, ...) m(c, x) TERN_EACH_22_(m, c, __VA_ARGS__)
#define TERN_EACH_24_(m, c, x, ...) m(c, x) TERN_EACH_23_(m, c, __VA_ARGS__)
#define TERN_EACH_25_(m, c, x, ...) m(c, x) TERN_EACH_24_(m, c, __VA_ARGS__)
#define TERN_EACH_26_(m, c, x, ...) m(c, x) TERN_EACH_25_(m, c, __VA_ARGS__)
#define TERN_EACH_27_(m, c, x, ...) m(c, x) TERN_EACH_26_(m, c, __VA_ARGS__)
#define TERN_EACH_28_(m, c, x, ...) m(c, x) TERN_EACH_27_(m, c, __VA_ARGS__)
#define TERN_EACH_29_(m, c, x, ...) m(c, x) TERN_EACH_28_(m, c, __VA_ARGS__)
#define TERN_EACH_30_(m, c, x, ...) m(c, x) TERN_EACH_29_(m, c, __VA_ARGS__)
#define TERN_EACH_31_(m, c, x, ...) m(c, x) TERN_EACH_30_(m, c, __VA_ARGS__)
#define TERN_EACH_32_(m, c, x, ...) m(c, x) TERN_EACH_31_(m, c, __VA_ARGS__)
#define TERN_EACH_33_(m, c, x, ...) m(c, x) TERN_EACH_32_(m, c, __VA_ARGS__)
#define TERN_EACH_34_(m, c, x, ...) m(c, x) TERN_EACH_33_(m, c, __VA_ARGS__)
#define TERN_EACH_35_(m, c, x, ...) m(c, x) TERN_EACH_34_(m, c, __VA_ARGS__)
#define TERN_EACH_36_(m, c, x, ...) m(c, x) TERN_EACH_35_(m, c, __VA_ARGS__)
#define TERN_EACH_37_(m, c, x, ...) m(c, x) TERN_EACH_36_(m, c, __VA_ARGS__)
#define TERN_EACH_38_(m, c, x, ...) m(c, x) TERN_EACH_37_(m, c, __VA_ARGS__)
#define TERN_EACH_39_(m, c, x, ...) m(c, x) TERN_EACH_38_(m, c, __VA_ARGS__)
#define TERN_EACH_40_(m, c, x, ...) m(c, x) TERN_EACH_39_(m, c, __VA_ARGS__)
#define TERN_EACH_41_(m, c, x, ...) m(c, x) TERN_EACH_40_(m, c, __VA_ARGS__)
#define TERN_EACH_42_(m, c, x, ...) m(c, x) TERN_EACH_41_(m, c, __VA_ARGS__)
#define TERN_EACH_43_(m, c, x, ...) m(c, x) TERN_EACH_42_(m, c, __VA_ARGS__)
#define TERN_EACH_44_(m, c, x, ...) m(c, x) TERN_EACH_43_(m, c, __VA_ARGS__)
#define TERN_EACH_45_(m, c, x, ...) m(c, x) TERN_EACH_44_(m, c, __VA_ARGS__)
#define TERN_EACH_46_(m, c, x, ...) m(c, x) TERN_EACH_45_(m, c, __VA_ARGS__)
#define TERN_EACH_47_(m, c, x, ...) m(c, x) TERN_EACH_46_(m, c, __VA_ARGS__)
#define TERN_EACH_48_(m, c, x, ...) m(c, x) TERN_EACH_47_(m, c, __VA_ARGS__)
#define TERN_EACH_49_(m, c, x, ...) m(c, x) TERN_EACH_48_(m, c, __VA_ARGS__)
#define TERN_EACH_50_(m, c, x, ...) m(c, x) TERN_EACH_49_(m, c, __VA_ARGS__)
#define TERN_EACH_51_(m, c, x, ...) m(c, x) TERN_EACH_50_(m, c, __VA_ARGS__)
#define TERN_EACH_52_(m, c, x, ...) m(c, x) TERN_EACH_51_(m, c, __VA_ARGS__)
#define TERN_EACH_53_(m, c, x, ...) m(c, x) TERN_EACH_52_(m, c, __VA_ARGS__)
#define TERN_EACH_54_(m, c, x, ...) m(c, x) TERN_EACH_53_(m, c, __VA_ARGS__)
#define TERN_EACH_55_(m, c, x, ...) m(c, x) TERN_EACH_54_(m, c, __VA_ARGS__)
#define TERN_EACH_56_(m, c, x, ...) m(c, x) TERN_EACH_55_(m, c, __VA_ARGS__)
#define TERN_EACH_57_(m, c, x, ...) m(c, x) TERN_EACH_56_(m, c, __VA_ARGS__)
#define TERN_EACH_58_(m, c, x, ...) m(c, x) TERN_EACH_57_(m, c, __VA_ARGS__)
#define TERN_EACH_59_(m, c, x, ...) m(c, x) TERN_EACH_58_(m, c, __VA_ARGS__)
#define TERN_EACH_60_(m, c, x, ...) m(c, x) TERN_EACH_59_(m, c, __VA_ARGS__)
#define TERN_EACH_61_(m, c, x, ...) m(c, x) TERN_EACH_60_(m, c, __VA_ARGS__)
#define TERN_EACH_62_(m, c, x, ...) m(c, x) TERN_EACH_61_(m, c, __VA_ARGS__)
#define TERN_EACH_63_(m, c, x, ...) m(c, x) TERN_EACH_62_(m, c, __VA_ARGS__)
#define TERN_EACH_64_(m, c, x, ...) m(c, x) TERN_EACH_63_(m, c, __VA_ARGS__)
#define TERN_EACH_65_(m, c, x, ...) m(c, x) TERN_EACH_64_(m, c, __VA_ARGS__)
#define TERN_EACH_66_(m, c, x, ...) m(c, x) TERN_EACH_65_(m, c, __VA_ARGS__)
#define TERN_EACH_67_(m, c, x, ...) m(c, x) TERN_EACH_66_(m, c, __VA_ARGS__)
#define TERN_EACH_68_(m, c, x, ...) m(c, x) TERN_EACH_67_(m, c, __VA_ARGS__)
#define TERN_EACH_69_(m, c, x, ...) m(c, x) TERN_EACH_68_(m, c, __VA_ARGS__)
#define TERN_EACH_70_(m, c, x, ...) m(c, x) TERN_EACH_69_(m, c, __VA_ARGS__)
#define TERN_EACH_71_(m, c, x, ...) m(c, x) TERN_EACH_70_(m, c, __VA_ARGS__)
#define TERN_EACH_72_(m, c, x, ...) m(c, x) TERN_EACH_71_(m, c, __VA_ARGS__)
#define TERN_EACH_73_(m, c, x, ...) m(c, x) TERN_EACH_72_(m, c, __VA_ARGS__)
#define TERN_EACH_74_(m, c, x, ...) m(c, x) TERN_EACH_73_(m, c, __VA_ARGS__)
#define TERN_EACH_75_(m, c, x, ...) m(c, x) TERN_EACH_74_(m, c, __VA_ARGS__)
#define TERN_EACH_76_(m, c, x, ...) m(c, x) TERN_EACH_75_(m, c, __VA_ARGS__)
#define TERN_EACH_77_(m, c, x, ...) m(c, x) TERN_EACH_76_(m, c, __VA_ARGS__)
#define TERN_EACH_78_(m, c, x, ...) m(c, x) TERN_EACH_77_(m, c, __VA_ARGS__)
#define TERN_EACH_79_(m, c, x, ...) m(c, x) TERN_EACH_78_(m, c, __VA_ARGS__)
#define TERN_EACH_80_(m, c, x, ...) m(c, x) TERN_EACH_79_(m, c, __VA_ARGS__)
#define TERN_EACH_81_(m, c, x, ...) m(c, x) TERN_EACH_80_(m, c, __VA_ARGS__)
#define TERN_EACH_82_(m, c, x, ...) m(c, x) TERN_EACH_81_(m, c, __VA_ARGS__)
#define TERN_EACH_83_(m, c, x, ...) m(c, x) TERN_EACH_82_(m, c, __VA_ARGS__)
#define TERN_EACH_84_(m, c, x, ...) m(c, x) TERN_EACH_83_(m, c, __VA_ARGS__)
#define TERN_EACH_85_(m, c, x, ...) m(c, x) TERN_EACH_84_(m, c, __VA_ARGS__)
#define TERN_EACH_86_(m, c, x, ...) m(c, x) TERN_EACH_85_(m, c, __VA_ARGS__)
#define TERN_EACH_87_(m, c, x, ...) m(c, x) TERN_EACH_86_(m, c, __VA_ARGS__)
#define TERN_EACH_88_(m, c, x, ...) m(c, x) TERN_EACH_87_(m, c, __VA_ARGS__)
#define TERN_EACH_89_(m, c, x, ...) m(c, x) TERN_EACH_88_(m, c, __VA_ARGS__)
#define TERN_EACH_90_(m, c, x, ...) m(c, x) TERN_EACH_89_(m, c, __VA_ARGS__)
#define TERN_EACH_91_(m, c, x, ...) m(c, x) TERN_EACH_90_(m, c, __VA_ARGS__)
#define TERN_EACH_92_(m, c, x, ...) m(c, x) TERN_EACH_91_(m, c, __VA_ARGS__)
#define TERN_EACH_93_(m, c, x, ...) m(c, x) TERN_EACH_92_(m, c, __VA_ARGS__)
#define TERN_EACH_94_(m, c, x, ...) m(c, x) TERN_EACH_93_(m, c, __VA_ARGS__)
#define TERN_EACH_95_(m, c, x, ...) m(c, x) TERN_EACH_94_(m, c, __VA_ARGS__)
#define TERN_EACH_96_(m, c, x, ...) m(c, x) TERN_EACH_95_(m, c, __VA_ARGS__)
#define TERN_EACH_97_(m, c, x, ...) m(c, x) TERN_EACH_96_(m, c, __VA_ARGS__)
#define TERN_EACH_98_(m, c, x, ...) m(c, x) TERN_EACH_97_(m, c, __VA_ARGS__)
#define TERN_EACH_99_(m, c, x, ...) m(c, x) TERN_EACH_98_(m, c, __VA_ARGS__)
#define TERN_EACH_100_(m, c, x, ...) m(c, x) TERN_EACH_99_(m, c, __VA_ARGS__)
#define TERN_EACH_101_(m, c, x, ...) m(c, x) TERN_EACH_100_(m, c, __VA_ARGS__)
#define TERN_EACH_102_(m, c, x, ...) m(c, x) TERN_EACH_101_(m, c, __VA_ARGS__)
#define TERN_EACH_103_(m, c, x, ...) m(c, x) TERN_EACH_102_(m, c, __VA_ARGS__)
#define TERN_EACH_104_(m, c, x, ...) m(c, x) TERN_EACH_103_(m, c, __VA_ARGS__)
#define TERN_EACH_105_(m, c, x, ...) m(c, x) TERN_EACH_104_(m, c, __VA_ARGS__)
#define TERN_EACH_106_(m, c, x, ...) m(c, x) TERN_EACH_105_(m, c, __VA_ARGS__)
#define TERN_EACH_107_(m, c, x, ...) m(c, x) TERN_EACH_106_(m, c, __VA_ARGS__)
#define TERN_EACH_108_(m, c, x, ...) m(c, x) TERN_EACH_107_(m, c, __VA_ARGS__)
#define TERN_EACH_109_(m, c, x, ...) m(c, x) TERN_EACH_108_(m, c, __VA_ARGS__)
#define TERN_EACH_110_(m, c, x, ...) m(c, x) TERN_EACH_109_(m, c, __VA_ARGS__)
#define TERN_EACH_111_(m, c, x, ...) m(c, x) TERN_EACH_110_(m, c, __VA_ARGS__)
#define TERN_EACH_112_(m, c, x, ...) m(c, x) TERN_EACH_111_(m, c, __VA_ARGS__)
#define TERN_EACH_113_(m, c, x, ...) m(c, x) TERN_EACH_112_(m, c, __VA_ARGS__)
#define TERN_EACH_114_(m, c, x, ...) m(c, x) TERN_EACH_113_(m, c, __VA_ARGS__)
#define TERN_EACH_115_(m, c, x, ...) m(c, x) TERN_EACH_114_(m, c, __VA_ARGS__)
#define TERN_EACH_116_(m, c, x, ...) m(c, x) TERN_EACH_115_(m, c, __VA_ARGS__)
#define TERN_EACH_117_(m, c, x, ...) m(c, x) TERN_EACH_116_(m, c, __VA_ARGS__)
#define TERN_EACH_118_(m, c, x, ...) m(c, x) TERN_EACH_117_(m, c, __VA_ARGS__)
#define TERN_EACH_119_(m, c, x, ...) m(c, x) TERN_EACH_118_(m, c, __VA_ARGS__)
#define TERN_EACH_120_(m, c, x, ...) m(c, x) TERN_EACH_119_(m, c, __VA_ARGS__)
#define TERN_EACH_121_(m, c, x, ...) m(c, x) TERN_EACH_120_(m, c, __VA_ARGS__)
#define TERN_EACH_122_(m, c, x, ...) m(c, x) TERN_EACH_121_(m, c, __VA_ARGS__)
#define TERN_EACH_123_(m, c, x, ...) m(c, x) TERN_EACH_122_(m, c, __VA_ARGS__)
#define TERN_EACH_124_(m, c, x, ...) m(c, x) TERN_EACH_123_(m, c, __VA_ARGS__)
#define TERN_EACH_125_(m, c, x, ...) m(c, x) TERN_EACH_124_(m, c, __VA_ARGS__)
#define TERN_EACH_126_(m, c, x, ...) m(c, x) TERN_EACH_125_(m, c, __VA_ARGS__)
#define TERN_EACH_127_(m, c, x, ...) m(c, x) TERN_EACH_126_(m, c, __VA_ARGS__)
#define TERN_EACH_128_(m, c, x, ...) m(c, x) TERN_EACH_127_(m, c, __VA_ARGS__)
/* clang-format on */

#endif
